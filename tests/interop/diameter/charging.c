/* An online charging server as an extension of freeDiameter: what real clients of credit control are proved with.
 *
 * It answers every CCR with 2001 and a grant for each service that was asked for, keeps book of what each session used,
 * and detects repeated requests by Origin-Host and End-to-End Identifier. Its argument is a file of lines "KEY VALUE":
 *   report PATH    where the book is written, at SIGUSR1 and at the end
 *   grant UNITS    how much a grant is (60)
 *   balance UNITS  how much a session may use before it gets a final unit (no limit)
 *   redirect URI   every CCR is answered with 3006 and this Redirect-Host instead
 * SIGUSR2 sends a RAR for the session that was heard of last.
 */
#include <freeDiameter/extension.h>

#include <inttypes.h>
#include <signal.h>

enum { BUCKETS = 1 << 16, APPLICATION = 4, TYPE_TERMINATE = 3, TYPE_EVENT = 4, ID_MAX = 256 };

/* AVP codes of RFC 8506 that are read here. */
enum {
	CC_REQUEST_NUMBER = 415, CC_REQUEST_TYPE = 416, CC_TIME = 420, CC_TOTAL_OCTETS = 421,
	CC_SERVICE_SPECIFIC_UNITS = 417, RATING_GROUP = 432, SERVICE_IDENTIFIER = 439, USED_SERVICE_UNIT = 446,
	REQUESTED_SERVICE_UNIT = 437, MULTIPLE_SERVICES = 456, SESSION_ID = 263, ORIGIN_HOST = 264, ORIGIN_REALM = 296,
	SUBSCRIPTION_ID = 443, SUBSCRIPTION_ID_DATA = 444,
};

struct line {
	struct line *next;
	char id[ID_MAX], account[ID_MAX];
	uint64_t used, granted;
	uint32_t requests, repeats, numbers_again, last_number;
	int open, ended;
};

struct seen {
	struct seen *next;
	uint64_t host;
	uint32_t end_to_end;
};

static struct line *book[BUCKETS];
static struct seen *answered[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t requests, repeats, final_units, reauths, reauths_answered;
static char last_session[ID_MAX], last_host[ID_MAX], last_realm[ID_MAX];
static uint64_t grant = 60, balance = UINT64_MAX;
static char report_path[512], redirect[512];
static struct disp_hdl *handler;

static uint64_t hash(const uint8_t *bytes, size_t len)
{
	uint64_t h = 1469598103934665603ull;
	for (size_t i = 0; i < len; i++)
		h = (h ^ bytes[i]) * 1099511628211ull;
	return h;
}

/* The first child of a message or group with this code of no vendor. */
static struct avp *child(msg_or_avp *parent, uint32_t code)
{
	struct avp *avp = NULL;
	if (fd_msg_browse(parent, MSG_BRW_FIRST_CHILD, &avp, NULL))
		return NULL;
	while (avp) {
		struct avp_hdr *hdr;
		if (!fd_msg_avp_hdr(avp, &hdr) && hdr->avp_code == code && !hdr->avp_vendor)
			return avp;
		if (fd_msg_browse(avp, MSG_BRW_NEXT, &avp, NULL))
			return NULL;
	}
	return NULL;
}

static union avp_value *value(struct avp *avp)
{
	struct avp_hdr *hdr;
	return avp && !fd_msg_avp_hdr(avp, &hdr) ? hdr->avp_value : NULL;
}

static uint32_t number(msg_or_avp *parent, uint32_t code)
{
	union avp_value *v = value(child(parent, code));
	return v ? v->u32 : 0;
}

static void text(msg_or_avp *parent, uint32_t code, char out[ID_MAX])
{
	union avp_value *v = value(child(parent, code));
	size_t len = v ? v->os.len : 0;
	if (len >= ID_MAX)
		len = ID_MAX - 1;
	if (len)
		memcpy(out, v->os.data, len);
	out[len] = 0;
}

/* Units of any kind in a Used-Service-Unit or Requested-Service-Unit; answers of which kind. */
static uint64_t units(struct avp *group, uint32_t *kind)
{
	static const uint32_t kinds[] = { CC_TIME, CC_TOTAL_OCTETS, CC_SERVICE_SPECIFIC_UNITS };
	for (size_t i = 0; group && i < 3; i++) {
		union avp_value *v = value(child(group, kinds[i]));
		if (v) {
			*kind = kinds[i];
			return kinds[i] == CC_TIME ? v->u32 : v->u64;
		}
	}
	return 0;
}

/* All Used-Service-Unit of a request or of one of its services. */
static uint64_t used(msg_or_avp *parent)
{
	uint64_t sum = 0;
	uint32_t kind;
	struct avp *avp = child(parent, USED_SERVICE_UNIT);
	while (avp) {
		struct avp_hdr *hdr;
		if (!fd_msg_avp_hdr(avp, &hdr) && hdr->avp_code == USED_SERVICE_UNIT)
			sum += units(avp, &kind);
		if (fd_msg_browse(avp, MSG_BRW_NEXT, &avp, NULL))
			break;
	}
	return sum;
}

static struct line *session(const char *id)
{
	struct line **slot = &book[hash((const uint8_t *)id, strlen(id)) % BUCKETS];
	for (struct line *line = *slot; line; line = line->next)
		if (!strcmp(line->id, id))
			return line;
	struct line *line = calloc(1, sizeof *line);
	if (!line)
		return NULL;
	snprintf(line->id, sizeof line->id, "%s", id);
	line->last_number = UINT32_MAX;
	line->next = *slot;
	return *slot = line;
}

/* Whether a request of this host was answered before; remembers it. */
static int repeated(const char *host, uint32_t end_to_end)
{
	uint64_t h = hash((const uint8_t *)host, strlen(host));
	struct seen **slot = &answered[(h ^ end_to_end) % BUCKETS];
	for (struct seen *seen = *slot; seen; seen = seen->next)
		if (seen->host == h && seen->end_to_end == end_to_end)
			return 1;
	struct seen *seen = calloc(1, sizeof *seen);
	if (!seen)
		return 0;
	*seen = (struct seen){ *slot, h, end_to_end };
	*slot = seen;
	return 0;
}

static struct dict_object *model(const char *name)
{
	struct dict_object *found = NULL;
	if (fd_dict_search(fd_g_config->cnf_dict, DICT_AVP, AVP_BY_NAME, name, &found, ENOENT))
		TRACE_ERROR("no AVP %s in the dictionary", name);
	return found;
}

static struct avp *add(msg_or_avp *parent, const char *name, union avp_value *v)
{
	struct dict_object *what = model(name);
	struct avp *avp = NULL;
	if (!what || fd_msg_avp_new(what, 0, &avp))
		return NULL;
	if (v && fd_msg_avp_setvalue(avp, v))
		return NULL;
	return fd_msg_avp_add(parent, MSG_BRW_LAST_CHILD, avp) ? NULL : avp;
}

static struct avp *add_number(msg_or_avp *parent, const char *name, uint32_t n)
{
	union avp_value v = { .u32 = n };
	return add(parent, name, &v);
}

static struct avp *add_text(msg_or_avp *parent, const char *name, const char *words)
{
	union avp_value v = { .os = { .data = (uint8_t *)words, .len = strlen(words) } };
	return add(parent, name, &v);
}

/* Granted-Service-Unit, and a final unit when the balance is used up by it. */
static void give(msg_or_avp *parent, uint32_t kind, struct line *line)
{
	uint64_t left = balance == UINT64_MAX ? grant : balance > line->used ? balance - line->used : 0;
	uint64_t n = left < grant ? left : grant;
	struct avp *unit = add(parent, "Granted-Service-Unit", NULL);
	if (unit && (kind == CC_TIME || !kind))
		add_number(unit, "CC-Time", (uint32_t)n);
	else if (unit) {
		union avp_value v = { .u64 = n };
		add(unit, kind == CC_TOTAL_OCTETS ? "CC-Total-Octets" : "CC-Service-Specific-Units", &v);
	}
	line->granted += n;
	if (balance != UINT64_MAX && left <= grant) {
		struct avp *last = add(parent, "Final-Unit-Indication", NULL);
		if (last)
			add_number(last, "Final-Unit-Action", 0);
		final_units++;
	}
}

/* What is asked for at the top of a request or in its services; each gets a grant. */
static void give_what_is_asked(struct msg *request, struct msg *answer, struct line *line)
{
	uint32_t kind = 0;
	struct avp *asked = child(request, REQUESTED_SERVICE_UNIT);
	if (asked) {
		units(asked, &kind);
		give(answer, kind, line);
	}
	for (struct avp *avp = child(request, MULTIPLE_SERVICES); avp;) {
		struct avp_hdr *hdr;
		if (!fd_msg_avp_hdr(avp, &hdr) && hdr->avp_code == MULTIPLE_SERVICES) {
			struct avp *group = add(answer, "Multiple-Services-Credit-Control", NULL);
			struct avp *wanted = child(avp, REQUESTED_SERVICE_UNIT);
			kind = 0;
			if (wanted) {
				units(wanted, &kind);
				give(group, kind, line);
			}
			if (child(avp, SERVICE_IDENTIFIER))
				add_number(group, "Service-Identifier", number(avp, SERVICE_IDENTIFIER));
			if (child(avp, RATING_GROUP))
				add_number(group, "Rating-Group", number(avp, RATING_GROUP));
			add_number(group, "Result-Code", 2001);
		}
		if (fd_msg_browse(avp, MSG_BRW_NEXT, &avp, NULL))
			break;
	}
}

static uint64_t used_in_all(struct msg *request)
{
	uint64_t sum = used(request);
	for (struct avp *avp = child(request, MULTIPLE_SERVICES); avp;) {
		struct avp_hdr *hdr;
		if (!fd_msg_avp_hdr(avp, &hdr) && hdr->avp_code == MULTIPLE_SERVICES)
			sum += used(avp);
		if (fd_msg_browse(avp, MSG_BRW_NEXT, &avp, NULL))
			break;
	}
	return sum;
}

/* Puts a request into the book, once. */
static void enter(struct line *line, struct msg *request, const char *host, uint32_t type)
{
	struct msg_hdr *hdr;
	uint32_t n = number(request, CC_REQUEST_NUMBER);
	requests++;
	line->requests++;
	if (fd_msg_hdr(request, &hdr))
		return;
	if (repeated(host, hdr->msg_eteid)) {
		repeats++;
		line->repeats++;
		return;
	}
	if (line->last_number != UINT32_MAX && n <= line->last_number) {
		line->numbers_again++;
		return;
	}
	line->last_number = n;
	struct avp *subscriber = child(request, SUBSCRIPTION_ID);
	if (subscriber)
		text(subscriber, SUBSCRIPTION_ID_DATA, line->account);
	line->used += used_in_all(request);
	line->open = type != TYPE_TERMINATE && type != TYPE_EVENT;
	line->ended += type == TYPE_TERMINATE;
}

/* A redirect agent's answer (RFC 6733 6.1.8). */
static int send_elsewhere(struct msg **msg)
{
	CHECK_FCT(fd_msg_new_answer_from_req(fd_g_config->cnf_dict, msg, MSGFL_ANSW_ERROR));
	CHECK_FCT(fd_msg_rescode_set(*msg, "DIAMETER_REDIRECT_INDICATION", NULL, NULL, 1));
	add_text(*msg, "Redirect-Host", redirect);
	add_number(*msg, "Redirect-Host-Usage", 0);
	pthread_mutex_lock(&lock);
	requests++;
	pthread_mutex_unlock(&lock);
	CHECK_FCT(fd_msg_send(msg, NULL, NULL));
	return 0;
}

static int credit_control(struct msg **msg, struct avp *avp, struct session *sess, void *data, enum disp_action *act)
{
	struct msg_hdr *hdr;
	char id[ID_MAX], host[ID_MAX], realm[ID_MAX];
	(void)avp, (void)sess, (void)data, (void)act;
	CHECK_FCT(fd_msg_hdr(*msg, &hdr));
	if (!(hdr->msg_flags & CMD_FLAG_REQUEST))
		return 0;
	if (*redirect)
		return send_elsewhere(msg);
	struct msg *request = *msg;
	text(request, SESSION_ID, id);
	text(request, ORIGIN_HOST, host);
	text(request, ORIGIN_REALM, realm);
	uint32_t type = number(request, CC_REQUEST_TYPE), n = number(request, CC_REQUEST_NUMBER);
	CHECK_FCT(fd_msg_new_answer_from_req(fd_g_config->cnf_dict, msg, 0));
	struct msg *answer = *msg;
	CHECK_FCT(fd_msg_rescode_set(answer, "DIAMETER_SUCCESS", NULL, NULL, 1));
	add_number(answer, "Auth-Application-Id", APPLICATION);
	add_number(answer, "CC-Request-Type", type);
	add_number(answer, "CC-Request-Number", n);
	CHECK_POSIX(pthread_mutex_lock(&lock));
	struct line *line = session(id);
	if (line) {
		enter(line, request, host, type);
		give_what_is_asked(request, answer, line);
	}
	snprintf(last_session, sizeof last_session, "%s", id);
	snprintf(last_host, sizeof last_host, "%s", host);
	snprintf(last_realm, sizeof last_realm, "%s", realm);
	CHECK_POSIX(pthread_mutex_unlock(&lock));
	CHECK_FCT(fd_msg_send(msg, NULL, NULL));
	return 0;
}

/* First the sums, then a line per session: ID used granted requests repeats numbers-again open ended account. */
static void report(void)
{
	char fresh[sizeof report_path + 8];
	if (!*report_path)
		return;
	snprintf(fresh, sizeof fresh, "%s.new", report_path);
	FILE *out = fopen(fresh, "w");
	if (!out)
		return;
	pthread_mutex_lock(&lock);
	uint64_t sum = 0, sessions = 0, open = 0;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct line *line = book[i]; line; line = line->next)
			sum += line->used, sessions++, open += line->open != 0;
	fprintf(out, "requests %" PRIu64 "\nrepeats %" PRIu64 "\nsessions %" PRIu64 "\nopen %" PRIu64 "\nused %" PRIu64
		"\nfinal %" PRIu64 "\nreauths %" PRIu64 "\nreauths-answered %" PRIu64 "\n",
		requests, repeats, sessions, open, sum, final_units, reauths, reauths_answered);
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct line *line = book[i]; line; line = line->next)
			fprintf(out, "session %s %" PRIu64 " %" PRIu64 " %u %u %u %d %d %s\n", line->id, line->used,
				line->granted, line->requests, line->repeats, line->numbers_again, line->open, line->ended,
				*line->account ? line->account : "-");
	pthread_mutex_unlock(&lock);
	fclose(out);
	rename(fresh, report_path);
}

static void reauth_answered(void *data, struct msg **msg)
{
	struct avp *code = child(*msg, 268);
	(void)data;
	pthread_mutex_lock(&lock);
	if (value(code) && value(code)->u32 / 1000 == 2)
		reauths_answered++;
	pthread_mutex_unlock(&lock);
	fd_log_notice("charging: RAA %u", value(code) ? value(code)->u32 : 0);
	fd_msg_free(*msg);
	*msg = NULL;
}

static void reauth(void)
{
	struct dict_object *rar = NULL;
	struct msg *msg = NULL;
	struct msg_hdr *hdr;
	char id[ID_MAX], host[ID_MAX], realm[ID_MAX];
	pthread_mutex_lock(&lock);
	memcpy(id, last_session, ID_MAX);
	memcpy(host, last_host, ID_MAX);
	memcpy(realm, last_realm, ID_MAX);
	reauths++;
	pthread_mutex_unlock(&lock);
	if (!*id || fd_dict_search(fd_g_config->cnf_dict, DICT_COMMAND, CMD_BY_NAME, "Re-Auth-Request", &rar, ENOENT))
		return;
	if (fd_msg_new(rar, MSGFL_ALLOC_ETEID, &msg) || fd_msg_hdr(msg, &hdr))
		return;
	hdr->msg_appl = APPLICATION;
	add_text(msg, "Session-Id", id);
	fd_msg_add_origin(msg, 0);
	add_text(msg, "Destination-Realm", realm);
	add_text(msg, "Destination-Host", host);
	add_number(msg, "Auth-Application-Id", APPLICATION);
	add_number(msg, "Re-Auth-Request-Type", 0);
	if (fd_msg_send(&msg, reauth_answered, NULL))
		fd_log_notice("charging: the RAR was not sent");
}

static int configure(const char *path)
{
	char key[32], word[512];
	FILE *in = path ? fopen(path, "r") : NULL;
	if (!in)
		return path ? EINVAL : 0;
	while (fscanf(in, "%31s %511s", key, word) == 2) {
		if (!strcmp(key, "report"))
			snprintf(report_path, sizeof report_path, "%s", word);
		else if (!strcmp(key, "grant"))
			grant = strtoull(word, NULL, 10);
		else if (!strcmp(key, "balance"))
			balance = strtoull(word, NULL, 10);
		else if (!strcmp(key, "redirect"))
			snprintf(redirect, sizeof redirect, "%s", word);
		else
			TRACE_ERROR("charging: unknown key %s", key);
	}
	fclose(in);
	return 0;
}

static int entry(char *conffile)
{
	struct dict_object *application = NULL;
	struct disp_when when;
	uint32_t id = APPLICATION;
	CHECK_FCT(configure(conffile));
	memset(&when, 0, sizeof when);
	CHECK_FCT(fd_dict_search(fd_g_config->cnf_dict, DICT_APPLICATION, APPLICATION_BY_ID, &id, &application, ENOENT));
	CHECK_FCT(fd_dict_search(fd_g_config->cnf_dict, DICT_COMMAND, CMD_BY_NAME, "Credit-Control-Request", &when.command,
				 ENOENT));
	when.app = application;
	CHECK_FCT(fd_disp_register(credit_control, DISP_HOW_CC, &when, NULL, &handler));
	CHECK_FCT(fd_disp_app_support(application, NULL, 1, 0));
	CHECK_FCT(fd_event_trig_regcb(SIGUSR1, "charging", report));
	CHECK_FCT(fd_event_trig_regcb(SIGUSR2, "charging", reauth));
	return 0;
}

void fd_ext_fini(void)
{
	report();
	if (handler)
		fd_disp_unregister(&handler, NULL);
}

EXTENSION_ENTRY("charging", entry, "dict_dcca");
