/* system.c - the machine itself: kernel, systemd, clocks, loggers, and daemons that only chatter.
 * Source of the wordings: Linux net/core/dev.c, kernel/module, kernel/audit.c, drivers/usb/core, netfilter nf_log_syslog.c;
 * systemd src/core/job.c unit.c src/shutdown src/journal; rsyslog imuxsock.c omfwd.c; chrony, ntp, systemd-timesyncd;
 * audit-userspace auditd.c auditd-event.c. */
#include "decode/decode_private.h"

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE

/* ---- kernel -------------------------------------------------------------------------------------------------- */

static const struct row kernel_rows[] = {
	{"{:w} port {:d}({observer.ingress.interface.name}) entered {event.reason:w} state", ACT_BRIDGE_PORT, NONE, NULL},
	{"device {observer.ingress.interface.name:w} entered promiscuous mode", ACT_PROMISCUOUS, NONE, NULL},
	{"{observer.ingress.interface.name:w}: entered promiscuous mode", ACT_PROMISCUOUS, NONE, NULL},
	{"device {observer.ingress.interface.name:w} left promiscuous mode", ACT_KERNEL, NONE, NULL},
	{"Linux version {message}", ACT_BOOT, NONE, NULL},
	{"audit: audit_lost={event.repeat} {message}", ACT_LOG_LOST, NONE, NULL},
	{"audit: {:w} limit exceeded", ACT_LOG_LOST, NONE, NULL},
	{"audit: backlog limit exceeded", ACT_LOG_LOST, NONE, NULL},
	{"audit: auditd disappeared", ACT_AUDIT_STOPPED, NONE, NULL},
	{"audit: {message}", ACT_NOTICE, NONE, NULL},
	{"usb {device.id:w}: New USB device found, {message}", ACT_DEVICE, NONE, NULL},
	{"usb {device.id:w}: Product: {device.model.name}", ACT_DEVICE, NONE, NULL},
	{"usb {device.id:w}: SerialNumber: {device.serial_number}", ACT_DEVICE, NONE, NULL},
	{"usb-storage {device.id:w}: USB Mass Storage device detected", ACT_DEVICE, NONE, NULL},
	{"scsi {device.id:w}: Direct-Access {device.model.name}", ACT_DEVICE, NONE, NULL},
	{"sd {:w} [{device.id}] Attached SCSI removable disk", ACT_DEVICE, NONE, NULL},
	{"{dll.name:w}: loading out-of-tree module taints kernel.", ACT_MODULE_LOADED, NONE, "event.reason=out of tree"},
	{"{dll.name:w}: module verification failed: {event.reason}", ACT_MODULE_LOADED, NONE, NULL},
	{"{dll.name:w}: module license '{}' taints kernel.", ACT_MODULE_LOADED, NONE, "event.reason=licence"},
	{"{process.name:w}[{process.pid}]: segfault at {message}", ACT_SEGFAULT, NONE, NULL},
	{"{process.name}[{process.pid}]: segfault at {message}", ACT_SEGFAULT, NONE, NULL},
	{"{process.name}[{process.pid}] general protection{message}", ACT_SEGFAULT, NONE, NULL},
	{"{process.name}[{process.pid}] trap {message}", ACT_SEGFAULT, NONE, NULL},
	{"traps: {process.name}[{process.pid}] {message}", ACT_SEGFAULT, NONE, NULL},
	{"Out of memory: Killed process {process.pid} ({process.name}) {message}", ACT_SEGFAULT, NONE, "event.reason=out of memory"},
	{"Out of memory: Kill process {process.pid} ({process.name}) {message}", ACT_SEGFAULT, NONE, "event.reason=out of memory"},
	{"Kernel logging (proc) stopped.", ACT_SERVICE_STOPPED, NONE, "service.name=klogd"},
	{NULL, ACT_NONE, NONE, NULL},
};
const struct program program_kernel_messages = {.names = "", .dataset = "kernel", .rows = kernel_rows};

/* Words that can start a message of a row; the millions of others are kernel chatter and need no matching. */
static bool may_matter(struct slice s)
{
	static const struct slice words[] = {SL("promiscuous mode"), SL(") entered "), SL("audit"), SL("usb"), SL("sd "), SL("scsi "), SL("Linux version"), SL("taints kernel"),
		SL("module verification"), SL("segfault at"), SL("general protection"), SL("] trap "), SL("traps: "), SL("Out of memory"), SL("Kernel logging"), SL("type=")};
	struct slice head = slice_to(s, 160);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_has(head, words[i]))
			return true;
	return false;
}

/* Netfilter: "PREFIX IN=eth0 OUT= MAC=... SRC=192.0.2.1 DST=... PROTO=TCP SPT=40022 DPT=22 ...". An ICMP error quotes
 * another packet in brackets: the first of each key counts. */
static enum decoded netfilter(struct decoder *d, struct dline *l, struct slice prefix, struct slice s)
{
	static const struct {
		struct slice key;
		enum field_id field;
	} keys[] = {{SL("IN"), F_INTERFACE}, {SL("OUT"), F_INTERFACE_OUT}, {SL("MAC"), F_SOURCE_MAC}, {SL("SRC"), F_SOURCE_IP}, {SL("DST"), F_DEST_IP},
		{SL("PROTO"), F_NETWORK_TRANSPORT}, {SL("SPT"), F_SOURCE_PORT}, {SL("DPT"), F_DEST_PORT}};
	static const struct slice denials[] = {SL("block"), SL("drop"), SL("reject"), SL("deny"), SL("denied"), SL("discard"), SL("invalid")};
	bool denied = false;
	for (size_t i = 0; i < ARRAY_LEN(denials) && !denied; i++)
		denied = slice_ihas(prefix, denials[i]);
	enum action a = denied ? ACT_FIREWALL_DENIED : ACT_FIREWALL;
	if (!decode_wanted(d, l, a))
		return DECODED_UNWANTED;
	struct event *e = decode_emit(d, l, SL("netfilter"), a, denied ? FAIL : NONE);
	struct slice word, key;
	unsigned seen = 0;
	while (slice_word(&s, &word)) {
		if (!slice_cut(&word, '=', &key) || !word.n)
			continue;
		for (size_t i = 0; i < ARRAY_LEN(keys); i++)
			if (!(seen >> i & 1) && slice_eq(key, keys[i].key)) {
				seen |= 1u << i;
				event_add(d->out, e, keys[i].field, word);
			}
	}
	prefix = slice_trim(prefix);
	if (prefix.n)
		event_add(d->out, e, F_RULE_NAME, prefix);
	return DECODED_EVENT;
}

/* "[12345.678901] " */
static struct slice cut_uptime(struct slice s)
{
	if (!s.n || s.p[0] != '[')
		return s;
	ssize_t end = slice_chr(slice_to(s, 24), ']');
	for (ssize_t i = 1; i < end; i++)
		if (s.p[i] != '.' && s.p[i] != ' ' && (s.p[i] < '0' || s.p[i] > '9'))
			return s;
	return end > 1 ? slice_trim(slice_from(s, (size_t)end + 1)) : s;
}

/* A crashed program, not the kernel, is what a crash is about. */
static enum decoded kernel_row(struct decoder *d, struct dline *l, const struct crow *c)
{
	if (!decode_wanted(d, l, crow_action(c)))
		return DECODED_UNWANTED;
	for (unsigned i = 0; i < d->ncap; i++) {
		if (d->cap[i].field == F_PROCESS_NAME)
			l->program = d->cap[i].text;
		else if (d->cap[i].field == F_PROCESS_PID)
			l->pid = d->cap[i].text;
	}
	struct event *e = decode_emit(d, l, SL("kernel"), crow_action(c), crow_outcome(c));
	for (unsigned i = 0; i < d->ncap; i++)
		if (d->cap[i].field != F_PROCESS_NAME && d->cap[i].field != F_PROCESS_PID)
			event_add(d->out, e, d->cap[i].field, d->cap[i].text);
	return DECODED_EVENT;
}

static enum decoded kernel(struct decoder *d, struct dline *l)
{
	l->msg = cut_uptime(l->msg);
	ssize_t in = slice_find(slice_to(l->msg, 120), SL("IN="));
	if (in >= 0 && (in == 0 || l->msg.p[in - 1] == ' ' || l->msg.p[in - 1] == ':' || l->msg.p[in - 1] == ']') && slice_has(l->msg, SL(" SRC=")))
		return netfilter(d, l, slice_to(l->msg, (size_t)in), slice_from(l->msg, (size_t)in));
	if (may_matter(l->msg)) {
		const struct crow *c = rowset_match(d, decode_rowset_of(d, &program_kernel_messages), l->msg);
		if (c)
			return kernel_row(d, l, c);
	}
	if (!decode_wanted(d, l, ACT_KERNEL))
		return DECODED_UNWANTED;
	struct event *e = decode_emit(d, l, SL("kernel"), ACT_KERNEL, NONE);
	event_add(d->out, e, F_MESSAGE, l->msg);
	return DECODED_EVENT;
}

const struct program program_kernel = {.names = "kernel vmunix klogd", .dataset = "kernel", .fn = kernel};

/* ---- systemd ------------------------------------------------------------------------------------------------- */

/* Since 249 the unit's name comes first ("ssh.service - OpenBSD Secure Shell server"), before that only what it is. */
static const struct row systemd_rows[] = {
	{"Started Session {}", ACT_NOTICE, NONE, NULL},
	{"Started session-{}", ACT_NOTICE, NONE, NULL},
	{"Started {systemd.unit:w} - {service.name}.", ACT_SERVICE_STARTED, NONE, NULL},
	{"Started {service.name}.", ACT_SERVICE_STARTED, NONE, NULL},
	{"Starting {}", ACT_NOTICE, NONE, NULL},
	{"Stopped target {}", ACT_NOTICE, NONE, NULL},
	{"Stopped System Logging Service.", ACT_SERVICE_STOPPED, NONE, "systemd.unit=rsyslog.service"},
	{"Stopped Security Auditing Service.", ACT_SERVICE_STOPPED, NONE, "systemd.unit=auditd.service"},
	{"Stopped System Logger Daemon.", ACT_SERVICE_STOPPED, NONE, "systemd.unit=syslog-ng.service"},
	{"Stopped {systemd.unit:w} - {service.name}.", ACT_SERVICE_STOPPED, NONE, NULL},
	{"Stopped {service.name}.", ACT_SERVICE_STOPPED, NONE, NULL},
	{"Stopping {}", ACT_NOTICE, NONE, NULL},
	{"Failed to start {systemd.unit:w} - {service.name}.", ACT_SERVICE_FAILED, NONE, NULL},
	{"Failed to start {service.name}.", ACT_SERVICE_FAILED, NONE, NULL},
	{"Failed to {error.message}", ACT_ERROR, NONE, NULL},
	{"Dependency failed for {service.name}.", ACT_SERVICE_FAILED, NONE, "event.reason=dependency"},
	{"Timed out {event.reason}", ACT_SERVICE_FAILED, NONE, NULL},
	{"Condition check resulted in {}", ACT_NOTICE, NONE, NULL},
	{"Reached target {:w} - {:w} Power Off.", ACT_SHUTDOWN, NONE, "event.reason=power off"},
	{"Reached target Power-Off.", ACT_SHUTDOWN, NONE, "event.reason=power off"},
	{"Reached target Power Off.", ACT_SHUTDOWN, NONE, "event.reason=power off"},
	{"Reached target Reboot.", ACT_SHUTDOWN, NONE, "event.reason=reboot"},
	{"Reached target Shutdown.", ACT_SHUTDOWN, NONE, NULL},
	{"Reached target poweroff.target{}", ACT_SHUTDOWN, NONE, "event.reason=power off"},
	{"Reached target reboot.target{}", ACT_SHUTDOWN, NONE, "event.reason=reboot"},
	{"Reached target shutdown.target{}", ACT_SHUTDOWN, NONE, NULL},
	{"Reached target {}", ACT_NOTICE, NONE, NULL},
	{"Shutting down.", ACT_SHUTDOWN, NONE, NULL},
	{"Rebooting.", ACT_SHUTDOWN, NONE, "event.reason=reboot"},
	{"Powering off.", ACT_SHUTDOWN, NONE, "event.reason=power off"},
	{"Time has been changed", ACT_TIME_CHANGED, NONE, NULL},
	{"System time before build time, advancing clock.", ACT_TIME_CHANGED, NONE, NULL},
	{"Reloading{}", ACT_NOTICE, NONE, NULL},
	{"Reloaded {}", ACT_NOTICE, NONE, NULL},
	{"Reexecuting{}", ACT_NOTICE, NONE, NULL},
	{"Created slice {}", ACT_NOTICE, NONE, NULL},
	{"Removed slice {}", ACT_NOTICE, NONE, NULL},
	{"Finished {}", ACT_NOTICE, NONE, NULL},
	{"Listening on {}", ACT_NOTICE, NONE, NULL},
	{"Closed {}", ACT_NOTICE, NONE, NULL},
	{"Mount{}", ACT_NOTICE, NONE, NULL},
	{"Unmount{}", ACT_NOTICE, NONE, NULL},
	{"Set up {}", ACT_NOTICE, NONE, NULL},
	{"Unset {}", ACT_NOTICE, NONE, NULL},
	{"Activat{}", ACT_NOTICE, NONE, NULL},
	{"Deactivat{}", ACT_NOTICE, NONE, NULL},
	{"Found {}", ACT_NOTICE, NONE, NULL},
	{"Queued {}", ACT_NOTICE, NONE, NULL},
	{"Startup finished in {}", ACT_NOTICE, NONE, NULL},
	{"Received {}", ACT_NOTICE, NONE, NULL},
	{"Detected {}", ACT_NOTICE, NONE, NULL},
	{"Hostname set to {}", ACT_NOTICE, NONE, NULL},
	{"Set hostname to {}", ACT_NOTICE, NONE, NULL},
	{"Inserted module '{dll.name}'", ACT_MODULE_LOADED, NONE, NULL},
	{"Initializing machine ID from {}", ACT_NOTICE, NONE, NULL},
	{"systemd {} running in {}", ACT_NOTICE, NONE, NULL},
	{"Running in {}", ACT_NOTICE, NONE, NULL},
	{"Relabelled {}", ACT_NOTICE, NONE, NULL},
	{"Successfully {}", ACT_NOTICE, NONE, NULL},
	{"Switching root.", ACT_NOTICE, NONE, NULL},
	{"Expecting device {}", ACT_NOTICE, NONE, NULL},
	{"Configuration file {file.path:w} {event.reason}", ACT_NOTICE, NONE, NULL},
	{"Bootup is not yet finished{}", ACT_NOTICE, NONE, NULL},
	{"Default target {}", ACT_NOTICE, NONE, NULL},
	{"Exit the Session{}", ACT_NOTICE, NONE, NULL},
	{"selinux: {}", ACT_NOTICE, NONE, NULL},
	{"/{file.path:w}:{:d}: {event.reason}", ACT_NOTICE, NONE, NULL},
	{"{systemd.unit:w}: Main process exited, {event.reason}", ACT_SERVICE_FAILED, NONE, NULL},
	{"{systemd.unit:w}: Failed with result '{event.reason}'.", ACT_SERVICE_FAILED, NONE, NULL},
	{"{systemd.unit:w}: {event.reason} failed{}", ACT_SERVICE_FAILED, NONE, NULL},
	{"{systemd.unit:w}: A process of this unit has been killed by the OOM killer.", ACT_SERVICE_FAILED, NONE, "event.reason=out of memory"},
	{"{systemd.unit:w}: {event.reason}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};
const struct program program_systemd = {.names = "systemd init systemd-shutdown shutdown", .dataset = "systemd", .rows = systemd_rows};

/* ---- clocks -------------------------------------------------------------------------------------------------- */

static const struct row clock_rows[] = {
	{"System clock was stepped by {event.duration:w} seconds", ACT_TIME_CHANGED, NONE, NULL},
	{"System clock TAI offset set to {}", ACT_NOTICE, NONE, NULL},
	{"System clock wrong by {event.duration:w} seconds[?, adjustment started?]", ACT_NOTICE, NONE, NULL},
	{"System's initial offset : {event.duration:w} seconds {}", ACT_NOTICE, NONE, NULL},
	{"Forward time jump detected!", ACT_TIME_CHANGED, NONE, NULL},
	{"Backward time jump detected!{}", ACT_TIME_CHANGED, NONE, NULL},
	{"time reset {event.duration:w} s", ACT_TIME_CHANGED, NONE, NULL},
	{"step time server {server.name:w} offset {event.duration:w} sec", ACT_TIME_CHANGED, NONE, NULL},
	{"adjust time server {server.name:w} offset {event.duration:w} sec", ACT_NOTICE, NONE, NULL},
	{"set local clock to {} (offset {event.duration:w})", ACT_TIME_CHANGED, NONE, NULL},
	{"adjusting local clock by {}", ACT_NOTICE, NONE, NULL},
	{"{:w} {:w} {:w} clock_step {event.duration:w} s", ACT_TIME_CHANGED, NONE, NULL},
	{"Changed local time to {message}", ACT_TIME_CHANGED, NONE, NULL},
	{"Changed time zone to '{message}'{}", ACT_TIME_CHANGED, NONE, NULL},
	{"Changed time zone to {message}", ACT_TIME_CHANGED, NONE, NULL},
	{"Set NTP to {message}", ACT_CONFIG_CHANGED, NONE, NULL},
	{"Clock change detected. {}", ACT_TIME_CHANGED, NONE, NULL},
	{"System time changed, {}", ACT_TIME_CHANGED, NONE, NULL},
	{"Initial clock synchronization to {}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

/* ---- loggers ------------------------------------------------------------------------------------------------- */

static const struct row logger_rows[] = {
	{"imuxsock begins to drop messages {}due to rate-limiting", ACT_LOG_LOST, NONE, NULL},
	{"imuxsock lost {event.repeat} messages {}due to rate-limiting", ACT_LOG_LOST, NONE, NULL},
	{"imuxsock[{}]: begin to drop messages due to rate-limiting", ACT_LOG_LOST, NONE, NULL},
	{"imuxsock[{}]: {event.repeat} messages lost due to rate-limiting", ACT_LOG_LOST, NONE, NULL},
	{"imjournal: begin to drop messages due to rate-limiting{}", ACT_LOG_LOST, NONE, NULL},
	{"imjournal: {event.repeat} messages lost due to rate-limiting{}", ACT_LOG_LOST, NONE, NULL},
	{"{:w}: begin to drop messages due to rate-limiting{}", ACT_LOG_LOST, NONE, NULL},
	{"{:w}: {event.repeat} messages lost due to rate-limiting{}", ACT_LOG_LOST, NONE, NULL},
	{"Suppressed {event.repeat} messages from {systemd.unit}", ACT_LOG_LOST, NONE, NULL},
	{"Missed {event.repeat} kernel messages", ACT_LOG_LOST, NONE, NULL},
	{"Forwarding to syslog missed {event.repeat} messages.", ACT_LOG_LOST, NONE, NULL},
	{"[origin software=\"{}\"{}] start", ACT_SERVICE_STARTED, NONE, "service.name=rsyslogd"},
	{"[origin software=\"{}\"{}] (re)start", ACT_SERVICE_STARTED, NONE, "service.name=rsyslogd"},
	{"[origin software=\"{}\"{}] exiting on signal {:d}.", ACT_SERVICE_STOPPED, NONE, "service.name=rsyslogd;systemd.unit=rsyslog.service"},
	{"[origin software=\"{}\"{}] rsyslogd was HUPed{}", ACT_LOG_ROTATED, NONE, NULL},
	{"[origin software=\"{}\"{}] {message}", ACT_NOTICE, NONE, NULL},
	{"action '{}' suspended{message}", ACT_LOG_LOST, NONE, NULL},
	{"action '{}' resumed{}", ACT_NOTICE, NONE, NULL},
	{"syslogd {:w} exiting on signal {:d}", ACT_SERVICE_STOPPED, NONE, "service.name=syslogd"},
	{"exiting on signal {:d}{}", ACT_SERVICE_STOPPED, NONE, "service.name=syslogd"},
	{"restart[?.?]", ACT_SERVICE_STARTED, NONE, "service.name=syslogd"},
	{"kernel boot file is {}", ACT_NOTICE, NONE, NULL},
	{"syslog-ng starting up; {}", ACT_SERVICE_STARTED, NONE, "service.name=syslog-ng"},
	{"syslog-ng shutting down; {}", ACT_SERVICE_STOPPED, NONE, "service.name=syslog-ng;systemd.unit=syslog-ng.service"},
	{"Journal started", ACT_SERVICE_STARTED, NONE, "service.name=systemd-journald"},
	{"Journal stopped", ACT_SERVICE_STOPPED, NONE, "service.name=systemd-journald;systemd.unit=systemd-journald.service"},
	{"Deleted archived journal {file.path} ({})[?.?]", ACT_LOG_ROTATED, NONE, "event.code=deleted"},
	{"Vacuuming done, freed {} of archived journals from {file.path}", ACT_LOG_ROTATED, NONE, "event.code=vacuumed"},
	{"File {file.path:w} corrupted or uncleanly shut down, renaming and replacing.", ACT_LOG_LOST, NONE, "event.reason=corrupted"},
	{NULL, ACT_NONE, NONE, NULL},
};

static const struct row auditd_rows[] = {
	{"Init complete, auditd {:w} listening for events (startup state {})", ACT_AUDIT_STARTED, NONE, NULL},
	{"Started dispatcher: {}", ACT_NOTICE, NONE, NULL},
	{"The audit daemon is exiting.", ACT_AUDIT_STOPPED, NONE, NULL},
	{"The audit daemon is now disabled{}", ACT_AUDIT_STOPPED, NONE, NULL},
	{"Audit daemon rotating log files{}", ACT_LOG_ROTATED, NONE, NULL},
	{"Audit daemon is suspending logging {event.reason}", ACT_AUDIT_STOPPED, NONE, NULL},
	{"Audit daemon has no space left on logging partition", ACT_LOG_LOST, NONE, "event.reason=no space left"},
	{"Audit daemon is low on disk space for logging{}", ACT_ERROR, NONE, "event.reason=low disk space"},
	{"dispatch err {event.reason}", ACT_LOG_LOST, NONE, NULL},
	{"dispatch error reporting limit reached{}", ACT_LOG_LOST, NONE, NULL},
	{"queue to plugins is full{}", ACT_LOG_LOST, NONE, NULL},
	{"Error receiving audit netlink packet ({event.reason})", ACT_LOG_LOST, NONE, NULL},
	{"Error {error.message}", ACT_ERROR, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

/* ---- daemons that chatter ------------------------------------------------------------------------------------ */

static const struct row polkit_rows[] = {
	{"Operator of {} FAILED to authenticate to gain authorization for action {event.reason} for {}", ACT_AUTH_FAILURE, FAIL, NULL},
	{"Operator of {} successfully authenticated as unix-user:{user.effective.name:w} to gain {} authorization for action {event.reason} for {}", ACT_NOTICE, OK, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

static enum decoded chatter(struct decoder *d, struct dline *l)
{
	if (!decode_wanted(d, l, ACT_NOTICE))
		return DECODED_UNWANTED;
	struct event *e = decode_emit(d, l, l->program, ACT_NOTICE, NONE);
	event_add(d->out, e, F_MESSAGE, l->msg);
	return DECODED_EVENT;
}

const struct program program_clock = {
	.names = "chronyd ntpd ntpdate sntp systemd-timesyncd systemd-timedated systemd-resolved openntpd",
	.dataset = "clock",
	.rows = clock_rows,
	.fn = chatter,
};
const struct program program_logger = {
	.names = "rsyslogd rsyslogd-* rsyslog syslogd syslog-ng systemd-journald systemd-journal syslog",
	.dataset = "syslog",
	.rows = logger_rows,
	.fn = chatter,
};
const struct program program_auditd_daemon = {.names = "auditd augenrules auditctl", .dataset = "auditd", .rows = auditd_rows, .fn = chatter};
const struct program program_polkit = {.names = "polkitd polkit-agent-helper-1", .dataset = "polkitd", .rows = polkit_rows, .fn = chatter};
const struct program program_chatter = {
	.names = "dbus dbus-daemon dbus-broker dbus-broker-launch NetworkManager nm-dispatcher dhclient dhcpcd logrotate systemd-networkd systemd-udevd udevd udev "
		 "udisksd rtkit-daemon avahi-daemon ModemManager wpa_supplicant irqbalance smartd thermald snapd cloud-init fstrim systemd-tmpfiles "
		 "systemd-sysctl systemd-modules-load systemd-fsck systemd-machined systemd-hostnamed systemd-localed mtp-probe acpid lvm multipathd gpm "
		 "bluetoothd cupsd cups colord packagekitd PackageKit fwupd systemd-random-seed rngd haveged mcelog portmap rpcbind rpc.statd rpc.idmapd "
		 "nfslock sysctl rc network random xinetd inetd hcid sdpd bluetooth rpcidmapd pcscd upowerd snmpd gnome-* pulseaudio multipath tuned",
	.dataset = "daemon",
	.fn = chatter,
};
