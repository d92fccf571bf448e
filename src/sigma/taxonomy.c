/* taxonomy.c - what Sigma calls things: log sources of our events and of JSON, fields of ECS, OCSF and Windows' wrappings
 * under the names that rules use (SigmaHQ's taxonomy appendix; tests/thor.yml for Windows channels). */
#include "sigma/taxonomy.h"

#include <stdlib.h>

/* ---- names --------------------------------------------------------------------------------------------------- */

/* ECS (our own events too) and OCSF -> Sigma. A value is added under each, never replaced. */
static const struct {
	const char *from, *to; /* to: blank-separated */
} names[] = {
	{"process.executable", "Image NewProcessName"}, {"process.command_line", "CommandLine ProcessCommandLine"},
	{"process.parent.executable", "ParentImage"}, {"process.parent.command_line", "ParentCommandLine"},
	{"process.working_directory", "CurrentDirectory"}, {"process.pid", "ProcessId"}, {"process.parent.pid", "ParentProcessId"},
	{"process.hash.md5", "md5"}, {"process.hash.sha256", "sha256"}, {"process.pe.original_file_name", "OriginalFileName"},
	{"process.pe.company", "Company"}, {"process.pe.description", "Description"}, {"process.pe.product", "Product"},
	{"user.name", "User cs-username"}, {"file.path", "TargetFilename Filename"}, {"dll.path", "ImageLoaded"},
	{"registry.path", "TargetObject"}, {"registry.data.strings", "Details"},
	{"source.ip", "SourceIp src_ip c-ip"}, {"source.port", "SourcePort src_port"}, {"destination.ip", "DestinationIp dst_ip"},
	{"destination.port", "DestinationPort dst_port"}, {"destination.domain", "DestinationHostname"},
	{"url.original", "c-uri cs-uri cs-uri-query"}, {"url.full", "c-uri cs-uri"}, {"url.path", "cs-uri-stem c-uri"}, {"url.query", "cs-uri-query c-uri-query"},
	{"url.domain", "cs-host r-dns"}, {"url.extension", "c-uri-extension"}, {"http.request.method", "cs-method"},
	{"http.response.status_code", "sc-status"}, {"user_agent.original", "c-useragent cs-user-agent"}, {"http.request.referrer", "cs-referer"},
	{"http.version", "cs-version"}, {"http.response.mime_type", "sc-content-type"},
	{"dns.question.name", "query QueryName"}, {"dns.question.type", "record_type QueryType"}, {"dns.answers.data", "answer QueryResults"},
	{"rule.name", "Signature"},
	{"process.file.path", "Image"}, {"process.cmd_line", "CommandLine"}, {"process.parent_process.file.path", "ParentImage"},
	{"process.parent_process.cmd_line", "ParentCommandLine"}, {"process.user.name", "User"}, {"actor.process.file.path", "ParentImage"},
	{"actor.process.cmd_line", "ParentCommandLine"}, {"actor.user.name", "User"}, {"dst_endpoint.ip", "DestinationIp dst_ip"},
	{"dst_endpoint.port", "DestinationPort dst_port"}, {"dst_endpoint.hostname", "DestinationHostname"}, {"src_endpoint.ip", "SourceIp src_ip"},
	{"src_endpoint.port", "SourcePort src_port"}, {"http_request.url.path", "cs-uri-stem"}, {"http_request.url.query_string", "cs-uri-query"},
	{"http_request.url.url_string", "c-uri cs-uri"}, {"http_request.http_method", "cs-method"}, {"http_request.user_agent", "c-useragent cs-user-agent"},
	{"http_response.code", "sc-status"},
};

/* What shippers wrap Windows' own names in. */
static const char *const wrappings[] = {
	"Event.EventData.", "EventData.", "winlog.event_data.", "event_data.", "Event.System.", "System.", "data.win.eventdata.",
	"data.win.system.", "Event.UserData.", "UserData.", "winlog.user_data.", "winlog.",
};
/* Their own spellings. */
static const struct {
	const char *from, *to;
} spellings[] = {
	{"winlog.event_id", "EventID"}, {"event_id", "EventID"}, {"EventId", "EventID"}, {"winlog.channel", "Channel"}, {"log_name", "Channel"},
	{"LogName", "Channel"}, {"winlog.provider_name", "Provider_Name"}, {"SourceName", "Provider_Name"}, {"ProviderName", "Provider_Name"},
	{"source_name", "Provider_Name"}, {"EventSourceName", "Provider_Name"}, {"winlog.computer_name", "Computer"}, {"Hostname", "Computer"},
	{"computer_name", "Computer"}, {"event.code", "EventID"}, {"event.provider", "Provider_Name"}, {"data.win.system.eventID", "EventID"},
	{"data.win.system.providerName", "Provider_Name"}, {"data.win.system.channel", "Channel"}, {"data.win.system.computer", "Computer"},
};

static void put_words(struct sigma_set *s, const char *from, const char *to)
{
	struct slice rest = slice_of(to), w;
	struct taxonomy *t = s->taxonomy;
	while (slice_word(&rest, &w)) {
		uint32_t n = field_number(s, w);
		*vec_push(&t->alias) = (struct field_alias){field_number(s, slice_of(from)), n};
	}
}

static int by_from(const void *a, const void *b)
{
	const struct field_alias *x = a, *y = b;
	return x->from != y->from ? (x->from < y->from ? -1 : 1) : x->to < y->to ? -1 : x->to > y->to;
}

void taxonomy_build(struct sigma_set *s)
{
	struct taxonomy *t = s->taxonomy = xcalloc(1, sizeof *t);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		put_words(s, names[i].from, names[i].to);
	for (size_t i = 0; i < ARRAY_LEN(spellings); i++)
		put_words(s, spellings[i].from, spellings[i].to);
	/* process starts of the Security log, and registry changes */
	for (size_t i = 0; i < s->mappings.n; i++)
		*vec_push(&t->alias) = (struct field_alias){s->mappings.v[i].from, s->mappings.v[i].to};
	qsort(t->alias.v, t->alias.n, sizeof *t->alias.v, by_from);
	for (int f = 1; f < FIELD_COUNT; f++)
		t->of_event[f] = field_number(s, slice_of(field_table[f].name));
	static const char *const told[TELL_COUNT] = {
		[TELL_EVENT_ID] = "EventID", [TELL_CHANNEL] = "Channel", [TELL_PROVIDER] = "Provider_Name", [TELL_EVENT_TYPE] = "EventType",
		[TELL_PATH] = "_path", [TELL_ORIG_H] = "id.orig_h", [TELL_EVENT_SOURCE] = "eventSource", [TELL_EVENT_NAME] = "eventName",
		[TELL_OBJECT_REF] = "objectRef.resource", [TELL_VERB] = "verb", [TELL_LOGTYPE] = "logtype", [TELL_ECS_CATEGORY] = "event.category",
		[TELL_ECS_MODULE] = "event.module", [TELL_ECS_TYPE] = "event.type", [TELL_OS] = "host.os.type", [TELL_CLASS] = "class_uid",
		[TELL_OCSF_OS] = "device.os.type", [TELL_GCP] = "protoPayload.methodName", [TELL_DATASET] = "event.dataset",
		[TELL_SYSLOG] = "SYSLOG_IDENTIFIER", [TELL_OKTA] = "debugContext.debugData.requestUri", [TELL_LOGON] = "SubjectUserName",
		[TELL_NEW_PROCESS] = "NewProcessName", [TELL_PARENT_PROCESS] = "ParentProcessName", [TELL_IMAGE] = "Image", [TELL_PARENT_IMAGE] = "ParentImage",
		[TELL_USER] = "User", [TELL_RECORD_TYPE] = "type", [TELL_SYSCALL] = "SYSCALL", [TELL_WORKLOAD] = "Workload", [TELL_AGENT_MODULE] = "agent.type",
	};
	for (int i = 0; i < TELL_COUNT; i++)
		t->told[i] = field_number(s, slice_of(told[i]));
	for (int f = 1; f < FIELD_COUNT; f++)
		t->event_alias[f].v = taxonomy_aliases(t, t->of_event[f], &t->event_alias[f].n);
	t->ready = true;
}

void taxonomy_free(struct sigma_set *s)
{
	if (!s->taxonomy)
		return;
	free(s->taxonomy->alias.v);
	free(s->taxonomy);
}

/* The first alias of a field; they lie together. */
const struct field_alias *taxonomy_aliases(const struct taxonomy *t, uint32_t field, size_t *n)
{
	size_t lo = 0, hi = t->alias.n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (t->alias.v[mid].from < field)
			lo = mid + 1;
		else
			hi = mid;
	}
	*n = 0;
	while (lo + *n < t->alias.n && t->alias.v[lo + *n].from == field)
		++*n;
	return &t->alias.v[lo];
}

/* Windows' own name in a shipper's wrapping, into buf; empty when it is wrapped in none. */
struct slice taxonomy_unwrap(struct slice name, char *buf, size_t size)
{
	struct slice in = SLICE_NONE;
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(wrappings) && !in.n; i++)
		if (slice_starts(name, slice_of(wrappings[i])))
			in = slice_from(name, strlen(wrappings[i]));
	if (!in.n)
		return SLICE_NONE;
	if (slice_ends(in, SL(".#text")))
		in.n -= 6;
	ssize_t attr = slice_find(in, SL(".#attributes."));
	size_t skip = 13;
	if (attr < 0 && (attr = slice_find(in, SL(".@"))) >= 0)
		skip = 2;
	bool user = slice_find(name, SL("UserData.")) >= 0 || slice_starts(name, SL("winlog.user_data."));
	if (attr < 0 && user && slice_chr(in, '.') >= 0)
		in = slice_from(in, (size_t)slice_rfind(in, SL(".")) + 1);
	if (attr < 0 && slice_starts(name, SL("Event.System.")) && slice_chr(in, '.') >= 0) {
		attr = slice_chr(in, '.'); /* Provider.Name */
		skip = 1;
	}
	for (size_t i = 0; i < in.n && n < size; i++) {
		if (attr >= 0 && i == (size_t)attr) {
			buf[n++] = '_';
			i += skip - 1;
		} else {
			buf[n++] = in.p[i];
		}
	}
	if (slice_starts(name, SL("data.win.eventdata.")) && n && buf[0] >= 'a' && buf[0] <= 'z')
		buf[0] = (char)(buf[0] - 32);
	return slice_make(buf, n);
}

/* ---- log sources of our own events --------------------------------------------------------------------------- */

#define NONE "(none)" /* of no category, which is not the same as an unknown one */

static const struct {
	uint16_t action;
	const char *category;
} categories[] = {
	{ACT_EXEC, "process_creation"}, {ACT_FILE_CREATED, "file_event"}, {ACT_FILE_WRITTEN, "file_event"}, {ACT_FILE_DELETED, "file_delete"},
	{ACT_FILE_RENAMED, "file_rename"}, {ACT_FILE_READ, "file_access"}, {ACT_CONNECT_OUT, "network_connection"}, {ACT_HTTP, "webserver"},
	{ACT_HTTP_WRITE, "webserver"}, {ACT_HTTP_SCRIPT, "webserver"}, {ACT_PROXY, "proxy"}, {ACT_PROXY_DENIED, "proxy"}, {ACT_DNS_QUERY, "dns"},
	{ACT_DNS_DENIED, "dns"}, {ACT_DNS_ANSWER, "dns"}, {ACT_FIREWALL, "firewall"}, {ACT_FIREWALL_DENIED, "firewall"}, {ACT_MALWARE, "antivirus"},
	{ACT_EXIT, "process_termination"},
};

/* Programs of syslog under the services of rules. */
static const struct {
	const char *program, *service, *also;
} services[] = {
	{"sshd", "sshd", "auth"}, {"sshd-session", "sshd", "auth"}, {"sudo", "sudo", "auth"}, {"su", "su", "auth"}, {"login", "login", "auth"},
	{"cron", "cron", NULL}, {"crond", "cron", NULL}, {"crontab", "cron", NULL}, {"vsftpd", "vsftpd", NULL}, {"clamd", "clamav", NULL},
	{"freshclam", "clamav", NULL}, {"clamscan", "clamav", NULL}, {"guacd", "guacamole", NULL}, {"systemd-logind", "auth", NULL},
	{"pam", "auth", NULL}, {"useradd", "auth", NULL}, {"groupadd", "auth", NULL}, {"passwd", "auth", NULL}, {"usermod", "auth", NULL}, {"named", "bind", NULL},
};

bool taxonomy_is_record(const struct event *e)
{
	switch (e->action) {
	case ACT_EXEC: case ACT_EXIT: case ACT_CONNECT_OUT: case ACT_FILE_CREATED: case ACT_FILE_WRITTEN: case ACT_FILE_READ: case ACT_FILE_DELETED:
	case ACT_FILE_RENAMED: case ACT_FILE_ATTR: return false;
	default: return e->action == ACT_AUDIT_RECORD || slice_eq(e->dataset, SL("auditd"));
	}
}

size_t taxonomy_event_sources(const struct event *e, struct sigma_logsource out[static ROUTES_MAX])
{
	static const struct slice none = SL(NONE), linux_ = SL("linux");
	struct slice program = e->dataset.n ? e->dataset : event_str(e, F_PROCESS_NAME), category = none;
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(categories); i++)
		if (categories[i].action == e->action)
			category = slice_of(categories[i].category);
	if (taxonomy_is_record(e)) {
		out[n++] = (struct sigma_logsource){linux_, none, SL("auditd")};
		return n;
	}
	if (e->action == ACT_HTTP || e->action == ACT_HTTP_WRITE || e->action == ACT_HTTP_SCRIPT || e->action == ACT_HTTP_ERROR || e->action == ACT_HTTP_DENIED) {
		struct slice service = slice_istarts(program, SL("apache")) ? SL("apache") : slice_istarts(program, SL("nginx")) ? SL("nginx") : none;
		out[n++] = (struct sigma_logsource){service.p == none.p ? none : service, category, service};
		ssize_t scheme = slice_find(slice_to(event_str(e, F_URL_ORIGINAL), 16), SL("://"));
		if (scheme > 0 || slice_eqz(event_str(e, F_HTTP_METHOD), "CONNECT"))
			out[n++] = (struct sigma_logsource){none, SL("proxy"), none};
		return n;
	}
	if (slice_eq(category, SL("proxy")) || slice_eq(category, SL("dns")) || slice_eq(category, SL("firewall"))) {
		out[n++] = (struct sigma_logsource){none, category, none};
		if (!slice_eq(category, SL("firewall")))
			return n;
	}
	if (slice_eq(category, SL("antivirus")))
		out[n++] = (struct sigma_logsource){none, category, none};
	if (category.p != none.p && !slice_eq(category, SL("antivirus")) && !slice_eq(category, SL("firewall"))) {
		out[n++] = (struct sigma_logsource){linux_, category, none};
		return n;
	}
	program = event_str(e, F_PROCESS_NAME);
	if (!program.n)
		program = e->dataset;
	struct slice service = program.n ? program : none;
	const char *also = NULL;
	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		if (slice_ieq(program, slice_of(services[i].program))) {
			service = slice_of(services[i].service);
			also = services[i].also;
		}
	if (e->action == ACT_NONE && !also) { /* a line nobody knows: of any product that writes text */
		out[n++] = (struct sigma_logsource){SLICE_NONE, none, program.n ? service : SLICE_NONE};
		if (program.n)
			out[n++] = (struct sigma_logsource){linux_, none, SL("syslog")};
		return n;
	}
	out[n++] = (struct sigma_logsource){linux_, none, service};
	if (also)
		out[n++] = (struct sigma_logsource){linux_, none, slice_of(also)};
	if (program.n && !also && n < ROUTES_MAX)
		out[n++] = (struct sigma_logsource){linux_, none, SL("syslog")};
	return n;
}

bool taxonomy_is_text(const struct event *e)
{
	switch (e->action) {
	case ACT_AUDIT_RECORD: case ACT_EXEC: case ACT_EXIT: case ACT_CONNECT_OUT: case ACT_FILE_CREATED: case ACT_FILE_WRITTEN: case ACT_FILE_READ:
	case ACT_FILE_DELETED: case ACT_FILE_RENAMED: case ACT_FILE_ATTR: return false;
	default: return !slice_eq(e->dataset, SL("auditd")); /* a record by itself */
	}
}

/* ---- log sources of JSON ------------------------------------------------------------------------------------- */

static const struct {
	const char *channel, *service;
} channels[] = {
	{"Security", "security"}, {"System", "system"}, {"Application", "application"}, {"Microsoft-Windows-Sysmon/Operational", "sysmon"},
	{"Windows PowerShell", "powershell-classic"}, {"Microsoft-Windows-PowerShell/Operational", "powershell"}, {"PowerShellCore/Operational", "powershell"},
	{"Microsoft-Windows-Windows Defender/Operational", "windefend"}, {"Microsoft-Windows-CodeIntegrity/Operational", "codeintegrity-operational"},
	{"Microsoft-Windows-AppXDeploymentServer/Operational", "appxdeployment-server"},
	{"Microsoft-Windows-Windows Firewall With Advanced Security/Firewall", "firewall-as"}, {"MSExchange Management", "msexchange-management"},
	{"Microsoft-Windows-Bits-Client/Operational", "bits-client"}, {"Microsoft-Windows-DNS Client Events/Operational", "dns-client"},
	{"Microsoft-Windows-DNS-Client/Operational", "dns-client"}, {"Microsoft-IIS-Configuration/Operational", "iis-configuration"},
	{"Microsoft-Windows-TaskScheduler/Operational", "taskscheduler"}, {"Microsoft-Windows-NTLM/Operational", "ntlm"},
	{"Microsoft-Windows-WMI-Activity/Operational", "wmi"}, {"Microsoft-Windows-Security-Mitigations/Kernel Mode", "security-mitigations"},
	{"Microsoft-Windows-Security-Mitigations/User Mode", "security-mitigations"}, {"DNS Server", "dns-server"},
	{"Microsoft-Windows-DNS-Server/Analytical", "dns-server-analytic"}, {"Microsoft-Windows-DNS-Server/Audit", "dns-server-audit"},
	{"Microsoft-Windows-AppLocker/MSI and Script", "applocker"}, {"Microsoft-Windows-AppLocker/EXE and DLL", "applocker"},
	{"Microsoft-Windows-AppLocker/Packaged app-Deployment", "applocker"}, {"Microsoft-Windows-AppLocker/Packaged app-Execution", "applocker"},
	{"Microsoft-Windows-TerminalServices-LocalSessionManager/Operational", "terminalservices-localsessionmanager"},
	{"Microsoft-Windows-SmbServer/Connectivity", "smbserver-connectivity"}, {"Microsoft-Windows-SmbClient/Security", "smbclient-security"},
	{"Microsoft-Windows-SmbClient/Connectivity", "smbclient-connectivity"}, {"Microsoft-Windows-Shell-Core/Operational", "shell-core"},
	{"OpenSSH/Operational", "openssh"}, {"Microsoft-ServiceBus-Client", "microsoft-servicebus-client"}, {"Microsoft-ServiceBus-Client/Admin", "microsoft-servicebus-client"},
	{"Microsoft-ServiceBus-Client/Operational", "microsoft-servicebus-client"},
	{"Microsoft-Windows-LSA/Operational", "lsa-server"}, {"Microsoft-Windows-LDAP-Client/Debug", "ldap"}, {"Microsoft-Windows-LDAP-Client/Debug ETW", "ldap"},
	{"Microsoft-Windows-DriverFrameworks-UserMode/Operational", "driver-framework"},
	{"Microsoft-Windows-Diagnosis-Scripted/Operational", "diagnosis-scripted"},
	{"Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational", "certificateservicesclient-lifecycle-system"},
	{"Microsoft-Windows-CAPI2/Operational", "capi2"}, {"Microsoft-Windows-AppxPackaging/Operational", "appxpackaging-om"},
	{"Microsoft-Windows-AppModel-Runtime/Admin", "appmodel-runtime"}, {"Microsoft-Windows-VHDMP/Operational", "vhdmp"},
	{"Microsoft-Windows-Sense/Operational", "sense"}, {"Microsoft-Windows-WinRM/Operational", "winrm"}, {"Directory Service", "directory-service"},
};
static const struct {
	uint16_t id;
	const char *category, *also;
} sysmon[] = {
	{1, "process_creation", NULL}, {2, "file_change", NULL}, {3, "network_connection", NULL}, {4, "sysmon_status", NULL}, {5, "process_termination", NULL},
	{6, "driver_load", NULL}, {7, "image_load", NULL}, {8, "create_remote_thread", NULL}, {9, "raw_access_thread", NULL}, {10, "process_access", NULL},
	{11, "file_event", NULL}, {12, "registry_add", "registry_event"}, {13, "registry_set", "registry_event"}, {14, "registry_rename", "registry_event"},
	{15, "create_stream_hash", NULL}, {16, "sysmon_status", NULL}, {17, "pipe_created", NULL}, {18, "pipe_created", NULL}, {19, "wmi_event", NULL},
	{20, "wmi_event", NULL}, {21, "wmi_event", NULL}, {22, "dns_query", NULL}, {23, "file_delete", NULL}, {24, "clipboard_capture", NULL},
	{25, "process_tampering", NULL}, {26, "file_delete", NULL}, {27, "file_block_executable", NULL}, {28, "file_block_shredding", NULL},
	{29, "file_executable_detected", NULL}, {255, "sysmon_error", NULL},
};

static struct slice told(struct sigma_ctx *c, enum tell what)
{
	const struct val *v = view_first(c, c->set->taxonomy->told[what]);
	return v && v->type < VT_NULL ? view_text(c, v) : SLICE_NONE;
}

static const char *sysmon_category(uint64_t id, struct slice type, const char **also)
{
	*also = NULL;
	for (size_t i = 0; i < ARRAY_LEN(sysmon); i++)
		if (sysmon[i].id == id) {
			*also = sysmon[i].also;
			if (id == 12 && slice_istarts(type, SL("Delete")))
				return "registry_delete";
			return sysmon[i].category;
		}
	return NONE;
}

/* Process starts of the Security log under Sysmon's names. */
static void name_security_process(struct sigma_ctx *c)
{
	static const struct { enum tell from, to; } rows[] = {
		{TELL_NEW_PROCESS, TELL_IMAGE}, {TELL_PARENT_PROCESS, TELL_PARENT_IMAGE}, {TELL_LOGON, TELL_USER},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice s = told(c, rows[i].from);
		if (s.n)
			view_add(c, c->set->taxonomy->told[rows[i].to], s, VT_STRING, 1);
	}
}

/* Service of a channel; a log has few. */
static struct slice channel_service(struct sigma_ctx *c, struct slice channel)
{
	struct slice service = SL(NONE);
	size_t at = channel.n ? (channel.n * 5 + (uint8_t)channel.p[channel.n - 1]) % ARRAY_LEN(c->channel) : 0;
	if (channel.n && c->channel[at].n == channel.n && bytes_eq(channel.p, c->channel[at].text, channel.n))
		return c->channel[at].service;
	for (size_t i = 0; i < ARRAY_LEN(channels); i++)
		if (slice_ieq(channel, slice_of(channels[i].channel)))
			service = slice_of(channels[i].service);
	if (channel.n && channel.n <= sizeof c->channel[at].text) {
		memcpy(c->channel[at].text, channel.p, channel.n);
		c->channel[at].n = channel.n;
		c->channel[at].service = service;
	}
	return service;
}

static size_t windows_sources(struct sigma_ctx *c, struct slice channel, struct sigma_logsource *out)
{
	struct slice service = SL(NONE), category = SL(NONE), product = SL("windows"), provider = told(c, TELL_PROVIDER);
	const char *also = NULL;
	uint64_t id = 0;
	size_t n = 0;
	slice_u64(told(c, TELL_EVENT_ID), UINT32_MAX, &id);
	service = channel_service(c, channel);
	if (slice_ihas(channel, SL("sysmon")) || slice_ihas(provider, SL("sysmon"))) {
		service = SL("sysmon");
		if (slice_istarts(channel, SL("linux")) || slice_istarts(provider, SL("linux")))
			product = SL("linux");
		category = slice_of(sysmon_category(id, told(c, TELL_EVENT_TYPE), &also));
	} else if (slice_eq(service, SL("security")) && id == 4688) {
		category = SL("process_creation");
		name_security_process(c);
	} else if (slice_eq(service, SL("powershell"))) {
		category = id == 4103 ? SL("ps_module") : id == 4104 ? SL("ps_script") : category;
	} else if (slice_eq(service, SL("powershell-classic"))) {
		category = id == 400 ? SL("ps_classic_start") : id == 600 ? SL("ps_classic_provider_start") : id == 800 ? SL("ps_classic_script") : category;
	} else if (slice_ihas(provider, SL("Kernel-File"))) {
		category = id == 26 ? SL("file_delete") : id == 30 ? SL("file_event") : id == 12 ? SL("file_access") : SL("file_rename");
	}
	out[n++] = (struct sigma_logsource){product, category, service};
	if (also)
		out[n++] = (struct sigma_logsource){product, slice_of(also), service};
	return n;
}

static size_t ecs_sources(struct sigma_ctx *c, struct slice category, struct sigma_logsource *out)
{
	static const struct { const char *ecs, *sigma; } rows[] = {
		{"process", "process_creation"}, {"file", "file_event"}, {"network", "network_connection"}, {"registry", "registry_set"}, {"web", "webserver"},
		{"driver", "driver_load"}, {"library", "image_load"}, {"malware", "antivirus"},
	};
	struct slice os = told(c, TELL_OS), product = os.n ? os : SL("linux"), found = SL(NONE);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_ieq(category, slice_of(rows[i].ecs)))
			found = slice_of(rows[i].sigma);
	if (slice_eq(found, SL("network_connection")) && told(c, TELL_DATASET).n && slice_ihas(told(c, TELL_DATASET), SL("dns")))
		found = SL("dns");
	out[0] = (struct sigma_logsource){product, found, SLICE_NONE};
	return 1;
}

static size_t ocsf_sources(struct sigma_ctx *c, struct slice class, struct sigma_logsource *out)
{
	static const struct { const char *class, *category; } rows[] = {
		{"1007", "process_creation"}, {"1001", "file_event"}, {"4001", "network_connection"}, {"4002", "webserver"}, {"4003", "dns"},
		{"1005", "image_load"}, {"201001", "registry_set"}, {"201002", "registry_set"},
	};
	struct slice os = told(c, TELL_OCSF_OS);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eq(class, slice_of(rows[i].class))) {
			out[0] = (struct sigma_logsource){os, slice_of(rows[i].category), SLICE_NONE};
			return 1;
		}
	return 0;
}

size_t taxonomy_json_sources(struct sigma_ctx *c, struct sigma_logsource out[static ROUTES_MAX])
{
	struct slice channel = told(c, TELL_CHANNEL), s;
	if ((channel.n && told(c, TELL_EVENT_ID).n) || slice_ihas(told(c, TELL_PROVIDER), SL("sysmon")))
		return windows_sources(c, channel, out);
	if ((s = told(c, TELL_PATH)).n && told(c, TELL_ORIG_H).n) {
		size_t n = 0;
		out[n++] = (struct sigma_logsource){SL("zeek"), SL(NONE), s};
		if (slice_eq(s, SL("dns")))
			out[n++] = (struct sigma_logsource){SL(NONE), s, SL(NONE)};
		return n;
	}
	if (told(c, TELL_EVENT_SOURCE).n && told(c, TELL_EVENT_NAME).n && slice_iends(told(c, TELL_EVENT_SOURCE), SL(".amazonaws.com")))
		return out[0] = (struct sigma_logsource){SL("aws"), SL(NONE), SL("cloudtrail")}, 1;
	if (told(c, TELL_OBJECT_REF).n && told(c, TELL_VERB).n)
		return out[0] = (struct sigma_logsource){SL("kubernetes"), SLICE_NONE, SL("audit")}, 1;
	if (told(c, TELL_LOGTYPE).n)
		return out[0] = (struct sigma_logsource){SL("opencanary"), SL("application"), SLICE_NONE}, 1;
	if (told(c, TELL_GCP).n)
		return out[0] = (struct sigma_logsource){SL("gcp"), SL(NONE), SL("gcp.audit")}, 1;
	if ((s = told(c, TELL_CLASS)).n && ocsf_sources(c, s, out))
		return 1;
	if ((s = told(c, TELL_ECS_CATEGORY)).n)
		return ecs_sources(c, s, out);
	out[0] = (struct sigma_logsource){SLICE_NONE, SLICE_NONE, SLICE_NONE};
	return 1;
}

/* ---- what rules ask of decoders ------------------------------------------------------------------------------ */

bool taxonomy_category_wants(struct slice category, struct interest *want)
{
	bool any = false;
	for (size_t k = 0; k < ARRAY_LEN(categories); k++)
		if (category.n && slice_ieq(category, slice_of(categories[k].category))) {
			interest_add(want, (enum action)categories[k].action);
			any = true;
		}
	return any;
}

void sigma_wants(const struct sigma_set *s, struct interest *want)
{
	for (size_t i = 0; i < s->rules.n; i++) {
		const struct sigma_logsource *l = &s->rules.v[i]->pub.logsource;
		if (s->rules.v[i]->pub.kind != SIGMA_RULE)
			continue;
		if (!is_text_source(l))
			taxonomy_category_wants(l->category, want);
		if (slice_ieq(l->service, SL("auditd")))
			interest_add(want, ACT_AUDIT_RECORD);
	}
	for (int a = 0; a < ACTION_COUNT; a++)
		if (interest_has(&s->unmarked, (enum action)a))
			interest_add(want, (enum action)a);
}

bool sigma_wants_records(const struct sigma_set *s)
{
	for (size_t i = 0; i < s->rules.n; i++)
		if (slice_ieq(s->rules.v[i]->pub.logsource.service, SL("auditd")))
			return true;
	return false;
}

bool sigma_wants_record_fields(const struct sigma_set *s)
{
	for (uint32_t i = 0; i < strtab_count(s->fields); i++)
		if (slice_starts(strtab_get(s->fields, i), SL("auditd.data.")))
			return true;
	return false;
}

bool sigma_source_known(const struct sigma_rule *r)
{
	static const char *const products[] = {"linux", "windows", "zeek", "aws", "kubernetes", "opencanary", "gcp", "apache", "nginx"};
	const struct sigma_logsource *l = &r->logsource;
	for (size_t i = 0; i < ARRAY_LEN(products); i++)
		if (slice_ieq(l->product, slice_of(products[i])))
			return true;
	for (size_t k = 0; k < ARRAY_LEN(categories) && !l->product.n; k++)
		if (slice_ieq(l->category, slice_of(categories[k].category)))
			return true;
	for (size_t k = 0; k < ARRAY_LEN(services) && !l->product.n; k++)
		if (slice_ieq(l->service, slice_of(services[k].service)))
			return true;
	return false;
}
