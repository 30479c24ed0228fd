/* The dictionary of a running freeDiameter, written to the file that is its argument: what our tables are compared with.
 *
 * One definition a line, its words parted by tabs; TYPE is "-" where an AVP has no derived type:
 *   avp CODE VENDOR NAME BASE TYPE MASK FLAGS
 *   rule PARENT AVP MIN MAX                     (MAX -1: any number; PARENT is a group or a command)
 */
#include <freeDiameter/extension.h>

static const char *base_name(enum dict_avp_basetype base)
{
	static const char *names[] = { "Grouped", "OctetString", "Integer32", "Integer64",
				       "Unsigned32", "Unsigned64", "Float32", "Float64" };
	return base <= AVP_TYPE_MAX ? names[base] : "?";
}

static void print_rules(FILE *out, struct dict_object *parent, const char *name)
{
	struct fd_list *rules = NULL;
	if (fd_dict_getlistof(RULE_BY_AVP_AND_PARENT, parent, &rules) != 0)
		return;
	for (struct fd_list *li = rules->next; li != rules; li = li->next) {
		struct dict_rule_data rule;
		struct dict_avp_data avp;
		if (fd_dict_getval(li->o, &rule) != 0 || fd_dict_getval(rule.rule_avp, &avp) != 0)
			continue;
		int least = rule.rule_min >= 0 ? rule.rule_min : rule.rule_position != RULE_OPTIONAL;
		fprintf(out, "rule\t%s\t%s\t%d\t%d\n", name, avp.avp_name, least, rule.rule_max);
	}
}

static void print_avps(FILE *out, struct dict_object *vendor)
{
	struct fd_list *avps = NULL;
	if (fd_dict_getlistof(AVP_BY_CODE, vendor, &avps) != 0)
		return;
	for (struct fd_list *li = avps->next; li != avps; li = li->next) {
		struct dict_avp_data avp;
		struct dict_object *type = NULL;
		struct dict_type_data data = { .type_name = "-" };
		if (fd_dict_getval(li->o, &avp) != 0)
			continue;
		if (fd_dict_search(fd_g_config->cnf_dict, DICT_TYPE, TYPE_OF_AVP, li->o, &type, ENOENT) == 0 && type)
			fd_dict_getval(type, &data);
		fprintf(out, "avp\t%u\t%u\t%s\t%s\t%s\t%u\t%u\n", avp.avp_code, avp.avp_vendor, avp.avp_name,
			base_name(avp.avp_basetype), data.type_name, avp.avp_flag_mask, avp.avp_flag_val);
		if (avp.avp_basetype == AVP_TYPE_GROUPED)
			print_rules(out, li->o, avp.avp_name);
	}
}

static void print_commands(FILE *out)
{
	struct fd_list *commands = NULL;
	if (fd_dict_getlistof(CMD_BY_NAME, fd_g_config->cnf_dict, &commands) != 0)
		return;
	for (struct fd_list *li = commands->next; li != commands; li = li->next) {
		struct dict_cmd_data command;
		if (fd_dict_getval(li->o, &command) == 0)
			print_rules(out, li->o, command.cmd_name);
	}
}

static int dictionary_entry(char *path)
{
	vendor_id_t ietf = 0;
	struct dict_object *vendor = NULL;
	struct fd_list *vendors = NULL;
	FILE *out = path ? fopen(path, "w") : NULL;
	if (!out)
		return EINVAL;
	CHECK_FCT(fd_dict_search(fd_g_config->cnf_dict, DICT_VENDOR, VENDOR_BY_ID, &ietf, &vendor, ENOENT));
	print_avps(out, vendor);
	CHECK_FCT(fd_dict_getlistof(VENDOR_BY_ID, fd_g_config->cnf_dict, &vendors));
	for (struct fd_list *li = vendors->next; li != vendors; li = li->next)
		print_avps(out, li->o);
	print_commands(out);
	fclose(out);
	return 0;
}

EXTENSION_ENTRY("dictionary", dictionary_entry, "dict_dcca_3gpp");
