/* fetch.c - tools fetched from outside, and scripts decoded or piped straight into an interpreter. */
#include "detect/detect_private.h"

#include <stdio.h>

static const enum action wants[] = {ACT_SUDO, ACT_EXEC, ACT_COMMAND, ACT_CRON, ACT_NONE};
static const char *const techniques[] = {"T1105", NULL};
static const char *const techniques_script[] = {"T1059.004", "T1140", "T1027", NULL};

/* The host at the start of s: up to a port, a path, a quote. */
static struct slice host_at(struct slice s)
{
	size_t n = 0;
	while (n < s.n && !strchr("/?#'\")> ,;\\", s.p[n]))
		n++;
	struct slice host = slice_to(s, n);
	ssize_t user = slice_chr(host, '@');
	if (user >= 0)
		host = slice_from(host, (size_t)user + 1);
	ssize_t port = host.n && host.p[0] != '[' ? slice_chr(host, ':') : -1;
	return port > 0 ? slice_to(host, (size_t)port) : host;
}

/* http://3405803785/: an IPv4 address as one number. */
static bool number_host(struct slice host, struct ip *ip)
{
	char text[20];
	uint64_t n;
	if (!slice_u64(host, UINT32_MAX, &n) || n < 1 << 24)
		return false;
	int len = snprintf(text, sizeof text, "%u.%u.%u.%u", (unsigned)(n >> 24), (unsigned)(n >> 16 & 255), (unsigned)(n >> 8 & 255), (unsigned)(n & 255));
	return ip_parse(slice_make(text, (size_t)len), ip);
}

static bool bare_host(struct slice host)
{
	struct ip ip;
	ssize_t dot = slice_rfind(host, SL("."));
	if (ip_parse(host, &ip))
		return true;
	if (dot <= 0 || (size_t)dot + 3 > host.n)
		return false;
	for (size_t i = (size_t)dot + 1; i < host.n; i++)
		if ((unsigned)((host.p[i] | 0x20) - 'a') > 25)
			return false;
	return true;
}

/* "https://host:port/path" anywhere in a word (an interpreter's program has it inside), "user@host:path" of a copying tool,
 * "host/path" for those that need no scheme; SLICE_NONE when the word names no other machine. */
static struct slice remote_host(const struct command *c, size_t i, bool copy_tool)
{
	struct slice word = c->word[i], head, rest = word;
	ssize_t at = slice_find(word, SL("://"));
	if (at > 0)
		return host_at(slice_from(word, (size_t)at + 3));
	if (!word.n || word.p[0] == '-' || word.p[0] == '/')
		return SLICE_NONE;
	if (copy_tool) {
		if (slice_cut(&rest, ':', &head) && head.n > 1 && slice_chr(head, '/') < 0) {
			ssize_t user = slice_chr(head, '@');
			return user >= 0 ? slice_from(head, (size_t)user + 1) : head;
		}
		return SLICE_NONE;
	}
	static const char valued[] = "-o -H -d -u -A -e -x -T -F -X -b -c -m -w -K -E -O -P -U -t -w --output --header --data --user --user-agent --max-time --proxy --cacert --cert --key";
	struct slice before = c->word[i - 1];
	bool value = slice_in_list(before, valued) || (before.n > 2 && before.p[0] == '-' && before.p[1] != '-' && strchr("oOHdu", before.p[before.n - 1]));
	if (!slice_in_list(c->tool, "curl wget aria2c ftp tftp lynx axel nc ncat netcat") || value)
		return SLICE_NONE;
	head = host_at(word);
	return bare_host(head) ? head : SLICE_NONE;
}

/* Is the machine one of ours? */
static bool ours(const struct org *org, struct slice host)
{
	struct ip ip;
	if (ip_parse(host, &ip) || number_host(host, &ip))
		return org_inside(org, &ip) || ip_is_loopback(&ip);
	return slice_ieq(host, SL("localhost")) || org_host(org, host) || org_domain_own(org, host) || slice_chr(host, '.') < 0;
}

static bool copies(const struct command *c)
{
	return slice_in_list(c->tool, "scp rsync sftp");
}

/* nc HOST PORT > file */
static bool receives(const struct command *c)
{
	return slice_in_list(c->tool, "nc ncat netcat") && !command_has_prefix(c, "-l") && command_has_prefix(c, ">");
}

static bool fetches(const struct command *c)
{
	return copies(c) || receives(c) || slice_in_list(c->tool, "curl wget ftp tftp aria2c lwp-download lwp-request fetch axel GET perl php ruby node git pip pip3 lynx links elinks w3m") ||
	       slice_starts(c->tool, SL("python"));
}

struct slice fetched_from(const struct org *org, const struct command *c, bool *address)
{
	bool copy = copies(c);
	if (!fetches(c))
		return SLICE_NONE;
	for (size_t i = 1; i < c->n; i++) {
		struct slice host = remote_host(c, i, copy);
		struct ip ip;
		if (host.n && !ours(org, host)) {
			*address = ip_parse(host, &ip) || number_host(host, &ip);
			return host;
		}
	}
	return SLICE_NONE;
}

static bool fetches_from_outside(const struct org *org, const struct command *c)
{
	bool address;
	return fetched_from(org, c, &address).n > 0;
}

static bool world_writable(struct slice line)
{
	return slice_has(line, SL("/tmp/")) || slice_has(line, SL("cd /tmp")) || slice_has(line, SL("cd /dev/shm")) || slice_has(line, SL("cd /var/tmp")) || slice_has(line, SL("/dev/shm/")) || slice_has(line, SL("/var/tmp/"));
}

static void ingress_event(struct detect *d, void *state, const struct event *e)
{
	(void)state;
	struct commands it UNINIT;
	struct command c UNINIT;
	struct actor a UNINIT;
	struct slice from = SLICE_NONE;
	bool address = false;
	commands_begin(&it, e);
	while (!from.n && commands_next(&it, &c))
		from = fetched_from(detect_org(d), &c, &address);
	if (!from.n)
		return;
	detect_actor(d, e, &a);
	if (!a.service && !a.provider && !address)
		return;
	bool fresh;
	struct finding *f = open_by_account(d, &detector_ingress, e, &a, NS_DAY, &fresh);
	if (fresh) {
		finding_printf(f, &f->title, "%s fetched from %.*s with %.*s on %.*s", actor_text(d, &a), SLFMT(from), SLFMT(c.tool), SLFMT(a.host));
		finding_printf(f, &f->text, "An account that has no reason to download software got something from outside: %.*s", SLFMT(slice_to(c.line, 300)));
		finding_entity(f, ENT_COMMAND, c.line);
		f->level = LEVEL_LOW;
	}
	finding_entity(f, ENT_DOMAIN, from);
	finding_raise(f, a.service ? LEVEL_MEDIUM : LEVEL_LOW);
	if (a.service || a.provider)
		finding_raise(f, address && (world_writable(c.line) || world_writable(c.whole)) ? LEVEL_HIGH : LEVEL_MEDIUM);
	finding_evidence(f, e);
}

const struct detector detector_ingress = {
	.info = {"postern.tool-ingress", "Tool fetched from outside by a service or provider account", LEVEL_MEDIUM, STAGE_TOOLS, techniques,
		"curl, wget, scp, rsync, git or an interpreter naming an outside machine, run by a service account or a provider's person, or from a bare address by anyone.",
		"Updates and health checks done by hand; machines of ours that org.yaml does not list."},
	.wants = wants, .might_here = fetches_from_outside, .event = ingress_event,
};

/* ---- decoded and piped scripts ------------------------------------------------------------------------------- */

/* "| sh", "|bash", "| python3 -" behind the given point. */
static bool piped_to_interpreter(struct slice s)
{
	static const char *const shells = "sh bash dash zsh ksh python python2 python3 perl php ruby node";
	ssize_t at;
	while ((at = slice_chr(s, '|')) >= 0) {
		struct slice word, rest = s = slice_from(s, (size_t)at + 1);
		if (s.n && s.p[0] == '|') { /* "or else", no pipe */
			s = slice_from(s, 1);
			continue;
		}
		while (slice_word(&rest, &word) && slice_in_list(slice_basename(word), "sudo env nohup exec busybox"))
			;
		while (word.n && strchr(";&|)'\"", word.p[word.n - 1]))
			word.n--;
		if (word.n && slice_in_list(slice_basename(word), shells))
			return true;
	}
	return false;
}

/* bash -c "$(curl ...)", eval `... | base64 -d`, bash <(wget ...). */
static const char *substituted(struct slice line)
{
	static const char *const runs[] = {"sh -c", "eval ", "sh <(", "sh <<<", "source <(", ". <(", "python3 -c \"$("};
	bool run = false;
	for (size_t i = 0; i < ARRAY_LEN(runs) && !run; i++)
		run = slice_has(line, slice_of(runs[i]));
	if (!run)
		return NULL;
	if (slice_has(line, SL("$(curl ")) || slice_has(line, SL("$(wget ")) || slice_has(line, SL("`curl ")) || slice_has(line, SL("`wget ")) || slice_has(line, SL("<(curl ")) ||
	    slice_has(line, SL("<(wget ")))
		return "fetched and run without being looked at";
	bool inside = slice_has(line, SL("$(")) || slice_chr(line, '`') >= 0 || slice_has(line, SL("<("));
	return inside && slice_has(line, SL("base64 -")) ? "decoded from base64 and run" : NULL;
}

/* base64 -d > /tmp/a; sh /tmp/a */
static bool dropped(struct slice line)
{
	ssize_t at = slice_find(line, SL("base64 -"));
	struct slice rest = at < 0 ? SLICE_NONE : slice_from(line, (size_t)at), word;
	ssize_t to = slice_chr(rest, '>');
	if (to < 0)
		return false;
	rest = slice_from(rest, (size_t)to + 1);
	if (!slice_word(&rest, &word))
		return false;
	while (word.n && strchr(";&|)'\"", word.p[word.n - 1]))
		word.n--;
	bool decodes = slice_has(line, SL(" -d")) || slice_has(line, SL("--decode"));
	return decodes && word.n > 1 && word.p[0] == '/' && slice_has(rest, word);
}

static const char *script_form(struct slice line)
{
	static const struct { const char *needle, *what; bool pipe; } forms[] = {
		{"base64 -d", "decoded from base64 and run", true}, {"base64 --decode", "decoded from base64 and run", true},
		{"base64 -D", "decoded from base64 and run", true}, {"base64 -id", "decoded from base64 and run", true}, {"base64 -di", "decoded from base64 and run", true},
		{"decode_base64(", "decoded from base64 and run", false}, {"gzinflate(", "decoded from base64 and run", false}, {"openssl enc -d", "decrypted and run", true},
		{"openssl base64 -d", "decoded from base64 and run", true}, {"xxd -r", "decoded from hex and run", true},
		{"base32 -d", "decoded from base32 and run", true}, {"base32 --decode", "decoded from base32 and run", true}, {"uudecode", "decoded and run", true},
		{"printf '\\x", "decoded from hex and run", true}, {"printf \\x", "decoded from hex and run", true}, {"printf \"\\x", "decoded from hex and run", true},
		{"| rev |", "decoded and run", true}, {"|rev|", "decoded and run", true}, {"gzip -dc", "unpacked and run", true}, {"gunzip -c", "unpacked and run", true},
		{"curl ", "fetched and run without being looked at", true}, {"wget ", "fetched and run without being looked at", true},
		{"b64decode(", "decoded from base64 and run", false}, {"base64_decode(", "decoded from base64 and run", false},
		{"exec(__import__('base64')", "decoded from base64 and run", false}, {"/dev/tcp/", "connected to a remote shell", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		ssize_t at = slice_find(line, slice_of(forms[i].needle));
		if (at >= 0 && (!forms[i].pipe || piped_to_interpreter(slice_from(line, (size_t)at))))
			return forms[i].what;
	}
	return dropped(line) ? "decoded from base64 and run" : substituted(line);
}

static bool hides_script(const struct command *c)
{
	return script_form(c->whole) != NULL;
}

static void script_event(struct detect *d, void *state, const struct event *e)
{
	(void)state;
	struct slice line = event_str(e, F_PROCESS_CMDLINE);
	const char *what = line.n ? script_form(line) : NULL;
	struct actor a UNINIT;
	if (!what)
		return;
	detect_actor(d, e, &a);
	bool fresh;
	struct finding *f = open_by_account(d, &detector_decoded_script, e, &a, NS_DAY, &fresh);
	if (fresh) {
		f->level = a.service || a.provider ? LEVEL_HIGH : LEVEL_MEDIUM;
		finding_printf(f, &f->title, "Script %s by %s on %.*s", what, actor_text(d, &a), SLFMT(a.host));
		finding_printf(f, &f->text, "The command hides what it does or runs what nobody read: %.*s", SLFMT(slice_to(line, 300)));
		finding_entity(f, ENT_COMMAND, line);
	}
	finding_evidence(f, e);
}

const struct detector detector_decoded_script = {
	.info = {"postern.decoded-script", "Script decoded or fetched straight into an interpreter", LEVEL_MEDIUM, STAGE_TOOLS, techniques_script,
		"base64, hex or decryption piped into a shell, curl or wget piped into a shell, decoding calls in one-line programs, shells over /dev/tcp.",
		"Installers of the form curl | sh, deployment tools that ship scripts encoded."},
	.wants = wants, .might = hides_script, .event = script_event,
};
