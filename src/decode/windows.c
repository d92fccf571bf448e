/* windows.c - what the numbers and members of Windows events mean (Microsoft's Security auditing reference, Sysmon's event
 * reference), for all the ways in which they reach us: JSON of many shippers, OSSEC's WinEvtLog text. */
#include "decode/xml_data.h"

static const struct windows_id ids[] = {
	{WIN_SECURITY, 1100, ACT_AUDIT_STOPPED, OUTCOME_NONE, WHO_SUBJECT}, {WIN_SECURITY, 1102, ACT_AUDIT_CONFIG, OUTCOME_SUCCESS, WHO_SUBJECT},
	{WIN_SECURITY, 4608, ACT_BOOT, OUTCOME_NONE, WHO_SUBJECT}, {WIN_SECURITY, 4609, ACT_SHUTDOWN, OUTCOME_NONE, WHO_SUBJECT},
	{WIN_SECURITY, 4616, ACT_TIME_CHANGED, OUTCOME_SUCCESS, WHO_SUBJECT}, {WIN_SECURITY, 4624, ACT_LOGIN, OUTCOME_SUCCESS, WHO_TARGET},
	{WIN_SECURITY, 4625, ACT_LOGIN_FAILED, OUTCOME_FAILURE, WHO_TARGET}, {WIN_SECURITY, 4634, ACT_LOGOUT, OUTCOME_NONE, WHO_TARGET},
	{WIN_SECURITY, 4647, ACT_LOGOUT, OUTCOME_NONE, WHO_TARGET}, {WIN_SECURITY, 4648, ACT_JSON, OUTCOME_NONE, WHO_BOTH},
	{WIN_SECURITY, 4688, ACT_EXEC, OUTCOME_SUCCESS, WHO_SUBJECT}, {WIN_SECURITY, 4689, ACT_EXIT, OUTCOME_NONE, WHO_SUBJECT},
	{WIN_SECURITY, 4698, ACT_CRON_CHANGED, OUTCOME_SUCCESS, WHO_SUBJECT}, {WIN_SECURITY, 4702, ACT_CRON_CHANGED, OUTCOME_SUCCESS, WHO_SUBJECT},
	{WIN_SECURITY, 4719, ACT_AUDIT_CONFIG, OUTCOME_SUCCESS, WHO_SUBJECT}, {WIN_SECURITY, 4720, ACT_USER_ADDED, OUTCOME_SUCCESS, WHO_BOTH},
	{WIN_SECURITY, 4722, ACT_USER_CHANGED, OUTCOME_SUCCESS, WHO_BOTH}, {WIN_SECURITY, 4723, ACT_PASSWORD_CHANGED, OUTCOME_SUCCESS, WHO_BOTH},
	{WIN_SECURITY, 4724, ACT_PASSWORD_CHANGED, OUTCOME_SUCCESS, WHO_BOTH}, {WIN_SECURITY, 4725, ACT_USER_CHANGED, OUTCOME_SUCCESS, WHO_BOTH},
	{WIN_SECURITY, 4726, ACT_USER_DELETED, OUTCOME_SUCCESS, WHO_BOTH}, {WIN_SECURITY, 4727, ACT_GROUP_ADDED, OUTCOME_SUCCESS, WHO_BOTH},
	{WIN_SECURITY, 4728, ACT_GROUP_CHANGED, OUTCOME_SUCCESS, WHO_BOTH}, {WIN_SECURITY, 4729, ACT_GROUP_CHANGED, OUTCOME_SUCCESS, WHO_BOTH},
	{WIN_SECURITY, 4730, ACT_GROUP_DELETED, OUTCOME_SUCCESS, WHO_BOTH}, {WIN_SECURITY, 4731, ACT_GROUP_ADDED, OUTCOME_SUCCESS, WHO_BOTH},
	{WIN_SECURITY, 4732, ACT_GROUP_CHANGED, OUTCOME_SUCCESS, WHO_BOTH}, {WIN_SECURITY, 4733, ACT_GROUP_CHANGED, OUTCOME_SUCCESS, WHO_BOTH},
	{WIN_SECURITY, 4734, ACT_GROUP_DELETED, OUTCOME_SUCCESS, WHO_BOTH}, {WIN_SECURITY, 4735, ACT_GROUP_CHANGED, OUTCOME_SUCCESS, WHO_BOTH},
	{WIN_SECURITY, 4737, ACT_GROUP_CHANGED, OUTCOME_SUCCESS, WHO_BOTH}, {WIN_SECURITY, 4738, ACT_USER_CHANGED, OUTCOME_SUCCESS, WHO_BOTH},
	{WIN_SECURITY, 4740, ACT_LOGIN_REFUSED, OUTCOME_FAILURE, WHO_TARGET}, {WIN_SECURITY, 4754, ACT_GROUP_ADDED, OUTCOME_SUCCESS, WHO_BOTH},
	{WIN_SECURITY, 4755, ACT_GROUP_CHANGED, OUTCOME_SUCCESS, WHO_BOTH}, {WIN_SECURITY, 4756, ACT_GROUP_CHANGED, OUTCOME_SUCCESS, WHO_BOTH},
	{WIN_SECURITY, 4757, ACT_GROUP_CHANGED, OUTCOME_SUCCESS, WHO_BOTH}, {WIN_SECURITY, 4758, ACT_GROUP_DELETED, OUTCOME_SUCCESS, WHO_BOTH},
	{WIN_SECURITY, 4767, ACT_USER_CHANGED, OUTCOME_SUCCESS, WHO_BOTH}, {WIN_SECURITY, 4771, ACT_AUTH_FAILURE, OUTCOME_FAILURE, WHO_TARGET},
	{WIN_SECURITY, 5152, ACT_FIREWALL_DENIED, OUTCOME_FAILURE, WHO_SUBJECT}, {WIN_SECURITY, 5156, ACT_FIREWALL, OUTCOME_NONE, WHO_SUBJECT},
	{WIN_SECURITY, 5157, ACT_FIREWALL_DENIED, OUTCOME_FAILURE, WHO_SUBJECT},
	{WIN_SYSMON, 1, ACT_EXEC, OUTCOME_SUCCESS, WHO_SUBJECT}, {WIN_SYSMON, 2, ACT_FILE_ATTR, OUTCOME_NONE, WHO_SUBJECT},
	{WIN_SYSMON, 3, ACT_CONNECT_OUT, OUTCOME_NONE, WHO_SUBJECT}, {WIN_SYSMON, 5, ACT_EXIT, OUTCOME_NONE, WHO_SUBJECT},
	{WIN_SYSMON, 6, ACT_MODULE_LOADED, OUTCOME_NONE, WHO_SUBJECT}, {WIN_SYSMON, 11, ACT_FILE_CREATED, OUTCOME_NONE, WHO_SUBJECT},
	{WIN_SYSMON, 15, ACT_FILE_CREATED, OUTCOME_NONE, WHO_SUBJECT}, {WIN_SYSMON, 22, ACT_DNS_QUERY, OUTCOME_NONE, WHO_SUBJECT},
	{WIN_SYSMON, 23, ACT_FILE_DELETED, OUTCOME_NONE, WHO_SUBJECT}, {WIN_SYSMON, 26, ACT_FILE_DELETED, OUTCOME_NONE, WHO_SUBJECT},
	{WIN_SYSTEM, 104, ACT_AUDIT_CONFIG, OUTCOME_SUCCESS, WHO_SUBJECT}, {WIN_SYSTEM, 6005, ACT_BOOT, OUTCOME_NONE, WHO_SUBJECT},
	{WIN_SYSTEM, 6006, ACT_SHUTDOWN, OUTCOME_NONE, WHO_SUBJECT}, {WIN_SYSTEM, 1074, ACT_SHUTDOWN, OUTCOME_NONE, WHO_SUBJECT},
	{WIN_SYSTEM, 7034, ACT_SERVICE_FAILED, OUTCOME_NONE, WHO_SUBJECT},
};

enum windows_log windows_log_of(struct slice channel, struct slice provider)
{
	if (slice_ihas(channel, SL("sysmon")) || slice_ihas(provider, SL("sysmon")))
		return WIN_SYSMON;
	if (slice_ieq(channel, SL("security")))
		return WIN_SECURITY;
	return slice_ieq(channel, SL("system")) ? WIN_SYSTEM : WIN_OTHER;
}

const struct windows_id *windows_find(enum windows_log log, uint64_t id)
{
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		if (ids[i].id == id && ids[i].log == log)
			return &ids[i];
	return NULL;
}

bool windows_wanted(const struct interest *want, uint64_t id)
{
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		if (ids[i].id == id && interest_has(want, (enum action)ids[i].action))
			return true;
	return false;
}

/* ---- members ------------------------------------------------------------------------------------------------- */

enum what {
	PLAIN, IMAGE, PID, MAYBE_CREATOR, ACCOUNT, HASHES, ADDRESS,
	TARGET_NAME, TARGET_DOMAIN, TARGET_ID, SUBJECT_NAME, SUBJECT_DOMAIN, SUBJECT_ID, MEMBER_NAME,
};

const struct windows_name windows_names[] = {
	{"Image", {F_PROCESS_EXE, IMAGE}}, {"NewProcessName", {F_PROCESS_EXE, IMAGE}}, {"ProcessName", {F_PROCESS_EXE, IMAGE}},
	{"Application", {F_PROCESS_EXE, IMAGE}}, {"SourceImage", {F_PROCESS_EXE, IMAGE}}, {"CommandLine", {F_PROCESS_CMDLINE, PLAIN}},
	{"ProcessCommandLine", {F_PROCESS_CMDLINE, PLAIN}}, {"CurrentDirectory", {F_PROCESS_CWD, PLAIN}}, {"ProcessId", {F_PROCESS_PID, MAYBE_CREATOR}},
	{"ProcessID", {F_PROCESS_PID, MAYBE_CREATOR}}, {"NewProcessId", {F_PROCESS_PID, PID}}, {"SourceProcessId", {F_PROCESS_PID, PID}},
	{"ParentImage", {F_PARENT_EXE, PLAIN}}, {"ParentProcessName", {F_PARENT_EXE, PLAIN}}, {"ParentCommandLine", {F_PARENT_CMDLINE, PLAIN}},
	{"ParentProcessId", {F_PROCESS_PPID, PID}}, {"User", {F_USER_NAME, ACCOUNT}}, {"SourceUser", {F_USER_NAME, ACCOUNT}},
	{"TargetUserName", {F_USER_NAME, TARGET_NAME}}, {"TargetDomainName", {F_USER_DOMAIN, TARGET_DOMAIN}}, {"TargetUserSid", {F_USER_ID, TARGET_ID}},
	{"TargetSid", {F_USER_ID, TARGET_ID}}, {"SubjectUserName", {F_USER_NAME, SUBJECT_NAME}}, {"SubjectDomainName", {F_USER_DOMAIN, SUBJECT_DOMAIN}},
	{"SubjectUserSid", {F_USER_ID, SUBJECT_ID}}, {"MemberName", {F_USER_TARGET, MEMBER_NAME}}, {"IpAddress", {F_SOURCE_IP, ADDRESS}},
	{"IpPort", {F_SOURCE_PORT, PLAIN}}, {"WorkstationName", {F_SOURCE_DOMAIN, PLAIN}}, {"SourceIp", {F_SOURCE_IP, ADDRESS}},
	{"SourceAddress", {F_SOURCE_IP, ADDRESS}}, {"SourcePort", {F_SOURCE_PORT, PLAIN}}, {"SourceHostname", {F_SOURCE_DOMAIN, PLAIN}},
	{"DestinationIp", {F_DEST_IP, ADDRESS}}, {"DestAddress", {F_DEST_IP, ADDRESS}}, {"DestinationPort", {F_DEST_PORT, PLAIN}},
	{"DestPort", {F_DEST_PORT, PLAIN}}, {"DestinationHostname", {F_DEST_DOMAIN, PLAIN}}, {"TargetFilename", {F_FILE_PATH, PLAIN}},
	{"TargetFileName", {F_FILE_PATH, PLAIN}}, {"ImageLoaded", {F_FILE_PATH, PLAIN}}, {"QueryName", {F_DNS_QUESTION, PLAIN}},
	{"QueryResults", {F_DNS_ANSWER, PLAIN}}, {"ServiceName", {F_SERVICE_NAME, PLAIN}}, {"Hashes", {F_PROCESS_HASH, HASHES}},
	{"Hash", {F_PROCESS_HASH, HASHES}}, {"FailureReason", {F_EVENT_REASON, PLAIN}}, {"SourceNetworkAddress", {F_SOURCE_IP, ADDRESS}},
	{NULL, {F_NONE, PLAIN}},
};

struct windows_member windows_member(uint16_t number)
{
	return number && number <= ARRAY_LEN(windows_names) ? windows_names[number - 1].m : (struct windows_member){F_NONE, PLAIN};
}

static struct slice windows_basename(struct slice path)
{
	const char *p = path.n ? memrchr(path.p, '\\', path.n) : NULL;
	return p ? slice_from(path, (size_t)(p - path.p) + 1) : slice_basename(path);
}

/* The first value counts: NewProcessName comes before the creator's ProcessId, Image before any other. */
static void add_once(struct decoder *d, struct event *e, enum field_id f, struct slice value)
{
	if (!event_get(e, f))
		event_add(d->out, e, f, value);
}

/* "0x1a2c" in Security's, decimal in Sysmon's. */
static void add_pid(struct decoder *d, struct event *e, enum field_id f, struct slice value)
{
	uint64_t n;
	if (slice_istarts(value, SL("0x"))) {
		if (slice_hex(slice_from(value, 2), &n) && n <= INT64_MAX && !event_get(e, f))
			event_add_int(d->out, e, f, (int64_t)n);
	} else {
		add_once(d, e, f, value);
	}
}

static void add_account(struct decoder *d, struct event *e, struct slice value)
{
	struct slice domain;
	if (slice_cut(&value, '\\', &domain) && domain.n)
		add_once(d, e, F_USER_DOMAIN, domain);
	add_once(d, e, F_USER_NAME, value);
}

/* Whose name goes where depends on the event: in a logon the target acts, elsewhere the subject does, to the target. */
static enum field_id person_field(const struct windows_id *row, enum what what)
{
	enum windows_who who = row ? (enum windows_who)row->who : WHO_SUBJECT;
	bool group = row && (row->action == ACT_GROUP_ADDED || row->action == ACT_GROUP_CHANGED || row->action == ACT_GROUP_DELETED);
	switch (what) {
	case TARGET_NAME:
		return who == WHO_TARGET ? F_USER_NAME : group ? F_USER_TARGET_GROUP : F_USER_TARGET;
	case TARGET_DOMAIN: return who == WHO_TARGET ? F_USER_DOMAIN : F_NONE;
	case TARGET_ID: return who == WHO_TARGET ? F_USER_ID : group ? F_NONE : F_USER_TARGET_ID;
	case SUBJECT_NAME: return who == WHO_TARGET ? F_NONE : F_USER_NAME;
	case SUBJECT_DOMAIN: return who == WHO_TARGET ? F_NONE : F_USER_DOMAIN;
	case SUBJECT_ID: return who == WHO_TARGET ? F_NONE : F_USER_ID;
	default: return F_USER_TARGET;
	}
}

void windows_add_member(struct decoder *d, struct event *e, const struct windows_id *row, struct windows_member m, struct slice value)
{
	if (m.field == F_NONE || !value.n || slice_eq(value, SL("-")))
		return;
	switch ((enum what)m.what) {
	case PLAIN:
	case ADDRESS: add_once(d, e, m.field, value); break;
	case IMAGE:
		if (event_get(e, F_PROCESS_EXE))
			break;
		event_add(d->out, e, F_PROCESS_EXE, value);
		event_add(d->out, e, F_PROCESS_NAME, windows_basename(value));
		break;
	case PID: add_pid(d, e, m.field, value); break;
	case MAYBE_CREATOR: /* beside NewProcessId it is who created the process */
		add_pid(d, e, row && row->log == WIN_SECURITY && row->id == 4688 ? F_PROCESS_PPID : F_PROCESS_PID, value);
		break;
	case ACCOUNT: add_account(d, e, value); break;
	case HASHES: sysmon_add_hashes(d, e, value); break;
	default: {
		enum field_id f = person_field(row, (enum what)m.what);
		if (f)
			add_once(d, e, f, value);
	}
	}
}
