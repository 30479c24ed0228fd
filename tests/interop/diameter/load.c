/* A load of CCRs as an extension of freeDiameter, for comparison with our own.
 *
 * When the file "start" appears it keeps "window" requests in flight towards "realm" for "seconds", each an
 * event of its own, and then logs one line: "load: N answers in S s, p50 U us, p99 U us, E errors".
 * Its argument is a file of lines "KEY VALUE" with these four keys. The daemon hands on two signals only, and the charging
 * server has both.
 */
#include <freeDiameter/extension.h>

#include <inttypes.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

enum { APPLICATION = 4, RESULT_CODE = 268, SLOTS = 1 << 20 };

static char realm[512], start[512];
static unsigned window = 100, seconds = 5;
static sem_t places;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t answers, errors;
/* Answers by their time in microseconds. */
static uint32_t times[SLOTS];
static struct dict_object *command;
static pthread_t sender;
static volatile int stopping;

static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void add(struct msg *msg, const char *name, union avp_value *v)
{
	struct dict_object *what = NULL;
	struct avp *avp = NULL;
	if (!fd_dict_search(fd_g_config->cnf_dict, DICT_AVP, AVP_BY_NAME, name, &what, ENOENT) &&
	    !fd_msg_avp_new(what, 0, &avp) && !fd_msg_avp_setvalue(avp, v))
		fd_msg_avp_add(msg, MSG_BRW_LAST_CHILD, avp);
}

static void add_number(struct msg *msg, const char *name, uint32_t n)
{
	union avp_value v = { .u32 = n };
	add(msg, name, &v);
}

static void add_text(struct msg *msg, const char *name, const char *text)
{
	union avp_value v = { .os = { .data = (uint8_t *)text, .len = strlen(text) } };
	add(msg, name, &v);
}

static void answered(void *data, struct msg **msg)
{
	uint64_t took = now() - (uint64_t)(uintptr_t)data;
	struct avp *avp = NULL;
	uint32_t code = 0;
	fd_msg_browse(*msg, MSG_BRW_FIRST_CHILD, &avp, NULL);
	while (avp) {
		struct avp_hdr *hdr;
		if (!fd_msg_avp_hdr(avp, &hdr) && hdr->avp_code == RESULT_CODE && hdr->avp_value)
			code = hdr->avp_value->u32;
		if (code || fd_msg_browse(avp, MSG_BRW_NEXT, &avp, NULL))
			break;
	}
	fd_msg_free(*msg);
	*msg = NULL;
	pthread_mutex_lock(&lock);
	if (code == 2001)
		answers++;
	else
		errors++;
	times[took < SLOTS ? took : SLOTS - 1]++;
	pthread_mutex_unlock(&lock);
	sem_post(&places);
}

static int send_one(void)
{
	struct msg *msg = NULL;
	struct msg_hdr *hdr;
	CHECK_FCT(fd_msg_new(command, MSGFL_ALLOC_ETEID, &msg));
	CHECK_FCT(fd_msg_hdr(msg, &hdr));
	hdr->msg_appl = APPLICATION;
	CHECK_FCT(fd_msg_new_session(msg, (os0_t) "load", 4));
	CHECK_FCT(fd_msg_add_origin(msg, 0));
	add_text(msg, "Destination-Realm", realm);
	add_number(msg, "Auth-Application-Id", APPLICATION);
	add_text(msg, "Service-Context-Id", "32260@3gpp.org");
	add_number(msg, "CC-Request-Type", 4);
	add_number(msg, "CC-Request-Number", 0);
	add_number(msg, "Requested-Action", 0);
	return fd_msg_send(&msg, answered, (void *)(uintptr_t)now());
}

static unsigned quantile(uint64_t of, double q)
{
	uint64_t seen = 0;
	for (unsigned i = 0; i < SLOTS; i++)
		if ((seen += times[i]) >= (uint64_t)((double)of * q))
			return i;
	return SLOTS;
}

static void *run(void *unused)
{
	uint64_t began = now(), end = began + (uint64_t)seconds * 1000000;
	while (now() < end && !stopping) {
		while (sem_wait(&places))
			;
		if (send_one()) {
			fd_log_notice("load: a request could not be sent");
			sem_post(&places);
			break;
		}
	}
	/* An answer that does not come is no reason to wait for ever. */
	struct timespec patience;
	clock_gettime(CLOCK_REALTIME, &patience);
	patience.tv_sec += 10;
	for (unsigned i = 0; i < window && !stopping; i++)
		while (sem_timedwait(&places, &patience) && errno == EINTR)
			;
	double took = (double)(now() - began) / 1e6;
	pthread_mutex_lock(&lock);
	uint64_t all = answers + errors;
	fd_log_notice("load: %" PRIu64 " answers in %.3f s, p50 %u us, p99 %u us, %" PRIu64 " errors", answers, took,
		      quantile(all, 0.5), quantile(all, 0.99), errors);
	answers = errors = 0;
	memset(times, 0, sizeof times);
	pthread_mutex_unlock(&lock);
	for (unsigned i = 0; i < window; i++)
		sem_post(&places);
	return unused;
}

/* Waits for the file, then runs. */
static void *wait_for_start(void *unused)
{
	const struct timespec look = { .tv_nsec = 50000000 };
	while (!stopping && access(start, F_OK))
		nanosleep(&look, NULL);
	return stopping ? unused : run(unused);
}

static int configure(const char *path)
{
	char key[32], word[512];
	FILE *in = path ? fopen(path, "r") : NULL;
	if (!in)
		return EINVAL;
	while (fscanf(in, "%31s %511s", key, word) == 2) {
		if (!strcmp(key, "realm"))
			snprintf(realm, sizeof realm, "%s", word);
		else if (!strcmp(key, "start"))
			snprintf(start, sizeof start, "%s", word);
		else if (!strcmp(key, "window"))
			window = (unsigned)strtoul(word, NULL, 10);
		else if (!strcmp(key, "seconds"))
			seconds = (unsigned)strtoul(word, NULL, 10);
	}
	fclose(in);
	return 0;
}

static int entry(char *conffile)
{
	struct dict_object *application = NULL;
	uint32_t id = APPLICATION;
	CHECK_FCT(configure(conffile));
	CHECK_FCT(fd_dict_search(fd_g_config->cnf_dict, DICT_APPLICATION, APPLICATION_BY_ID, &id, &application, ENOENT));
	CHECK_FCT(fd_dict_search(fd_g_config->cnf_dict, DICT_COMMAND, CMD_BY_NAME, "Credit-Control-Request", &command,
				 ENOENT));
	CHECK_SYS(sem_init(&places, 0, window));
	CHECK_FCT(fd_disp_app_support(application, NULL, 1, 0));
	CHECK_POSIX(pthread_create(&sender, NULL, wait_for_start, NULL));
	return 0;
}

void fd_ext_fini(void)
{
	stopping = 1;
	sem_post(&places);
	if (sender)
		pthread_join(sender, NULL);
}

EXTENSION_ENTRY("load", entry, "dict_dcca");
