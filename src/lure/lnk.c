/* lnk.c - Windows shortcuts (MS-SHLLINK), and the small files that lead elsewhere: .url, .rdp, and others that name a place. */
#include "lure/words.h"

enum { HAS_IDS = 1, HAS_INFO = 2, HAS_NAME = 4, HAS_RELATIVE = 8, HAS_FOLDER = 16, HAS_ARGUMENTS = 32, HAS_ICON = 64, WIDE = 128 };
enum { BLOCK_ENVIRONMENT = 0xa0000001u, BLOCK_TRACKER = 0xa0000003u, OVERLAY_LEAST = 4096, ARGUMENTS_SHOWN = 260 };

struct link {
	struct slice target, relative, arguments, icon, environment, ids, machine;
	uint32_t show;
	size_t end;
};

static struct slice until_zero(struct slice s)
{
	ssize_t n = slice_chr(s, 0);
	return n < 0 ? s : slice_to(s, (size_t)n);
}

/* Names of the items of the list of ids, as far as they are files: their short form. */
static struct slice id_names(struct lure *l, struct slice list)
{
	struct buf b = {0};
	for (size_t at = 0; at + 2 < list.n;) {
		uint16_t n = le16(list, at);
		if (n < 3)
			break;
		uint8_t kind = (uint8_t)list.p[at + 2] & 0x70;
		struct slice item = slice_sub(list, at, n);
		struct slice name = kind == 0x20 ? until_zero(slice_from(item, 3)) : kind == 0x30 ? until_zero(slice_from(item, 14)) : SLICE_NONE;
		if (name.n && b.n < 2000) {
			if (b.n && b.p[b.n - 1] != '\\')
				buf_addc(&b, '\\');
			buf_adds(&b, slice_to(name, 260));
		}
		at += n;
	}
	struct slice r = slice_dup(lure_arena(l), buf_slice(&b));
	buf_free(&b);
	return r;
}

static struct slice counted(struct lure *l, struct slice s, size_t *at, bool wide)
{
	size_t n = le16(s, *at), size = wide ? 2 * n : n;
	struct slice raw = slice_sub(s, *at + 2, size);
	*at = *at + 2 + size;
	return wide ? utf16_text(l, raw, true) : until_zero(raw);
}

static void read_blocks(struct lure *l, struct slice s, struct link *k, size_t at)
{
	for (unsigned n = 0; n < 64 && at + 4 <= s.n; n++) {
		uint32_t size = le32(s, at), kind = le32(s, at + 4);
		if (size < 8) {
			at += 4;
			break;
		}
		struct slice b = slice_sub(s, at, size);
		if (kind == BLOCK_ENVIRONMENT) {
			k->environment = utf16_text(l, slice_sub(b, 268, 520), true);
			if (!k->environment.n)
				k->environment = until_zero(slice_sub(b, 8, 260));
		} else if (kind == BLOCK_TRACKER) {
			k->machine = until_zero(slice_sub(b, 16, 16));
		}
		if (size > s.n - at)
			break;
		at += size;
	}
	k->end = at;
}

static void read_link(struct lure *l, struct slice s, struct link *k)
{
	uint32_t flags = le32(s, 20);
	size_t at = 76;
	bool wide = flags & WIDE;
	k->show = le32(s, 60);
	if (flags & HAS_IDS) {
		k->ids = id_names(l, slice_sub(s, at + 2, le16(s, at)));
		at += 2u + le16(s, at);
	}
	if (flags & HAS_INFO) {
		struct slice info = slice_sub(s, at, le32(s, at));
		uint32_t head = le32(info, 4), local = le32(info, 16), suffix = le32(info, 24);
		k->target = head >= 0x24 && le32(info, 28) ? utf16_text(l, slice_from(info, le32(info, 28)), true) : local ? until_zero(slice_from(info, local)) : SLICE_NONE;
		if (!k->target.n && le32(info, 20)) /* a share */
			k->target = until_zero(slice_from(info, le32(info, 20) + 20));
		else if (!k->target.n && suffix)
			k->target = until_zero(slice_from(info, suffix));
		at += MAX(le32(s, at), 4u);
	}
	if (flags & HAS_NAME)
		counted(l, s, &at, wide);
	if (flags & HAS_RELATIVE)
		k->relative = counted(l, s, &at, wide);
	if (flags & HAS_FOLDER)
		counted(l, s, &at, wide);
	if (flags & HAS_ARGUMENTS)
		k->arguments = counted(l, s, &at, wide);
	if (flags & HAS_ICON)
		k->icon = counted(l, s, &at, wide);
	read_blocks(l, s, k, at);
}

static size_t longest_blank(struct slice s)
{
	size_t most = 0, run = 0;
	for (size_t i = 0; i < s.n; i++) {
		run = s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\n' || s.p[i] == '\r' ? run + 1 : 0;
		most = MAX(most, run);
	}
	return most;
}

/* Icons that people take for a document. */
static bool shows_document(struct slice icon)
{
	static const char *const words[] = {".pdf", "acrord32", "acrobat", "winword", "excel", "powerpnt", "wordicon", "xlicons", "msedge", "chrome", "foxit", "hwp", "imageres.dll", "wordpad", "notepad", ".doc", ".xls", "outlook"};
	return WORD_IN(icon, words) != NULL;
}

void parse_lnk(struct lure *l, uint32_t id, struct slice s)
{
	struct link k = {0};
	read_link(l, s, &k);
	struct slice target = k.environment.n ? k.environment : k.target.n ? k.target : k.relative.n ? k.relative : k.ids;
	const char *runner = runner_in(target);
	if (!runner)
		runner = runner_in(k.relative);
	if (!runner && k.ids.n)
		runner = runner_in(k.ids);
	if (runner && strcmp(runner, "explorer") == 0 && !k.arguments.n)
		runner = NULL;
	const char *inner = runner ? runner : runner_in(k.arguments);
	lure_fact(l, id, "target", target);
	lure_fact(l, id, "arguments", k.arguments);
	lure_fact(l, id, "icon", k.icon);
	lure_fact(l, id, "machine", k.machine);
	lure_found_slice(l, id, IND_LNK_FILE, UINT64_MAX, SLICE_NONE, target);
	if (inner)
		lure_found(l, id, IND_LNK_COMMAND, UINT64_MAX, "target", "%.*s %.*s", SLFMT(slice_to(target, 100)), SLFMT(slice_to(slice_trim(k.arguments), 100)));
	if (inner && shows_document(k.icon))
		lure_found_slice(l, id, IND_LNK_DISGUISED, UINT64_MAX, SL("icon"), k.icon);
	if (longest_blank(k.arguments) >= 20 || k.arguments.n > ARGUMENTS_SHOWN)
		lure_found(l, id, IND_LNK_PADDED, UINT64_MAX, "arguments", "%zu bytes, %zu blanks in a row", k.arguments.n, longest_blank(k.arguments));
	if (is_remote(target) || is_remote(k.icon))
		lure_found_slice(l, id, IND_REMOTE_TARGET, UINT64_MAX, is_remote(target) ? SL("target") : SL("icon"), is_remote(target) ? target : k.icon);
	if (k.end < s.n && s.n - k.end > OVERLAY_LEAST) {
		lure_found(l, id, IND_LNK_OVERLAY, k.end, NULL, "%zu bytes behind its end", s.n - k.end);
		lure_child(l, id, &(struct lure_child){.how = LURE_EMBEDDED, .name = SL("(behind the end)"), .bytes = slice_from(s, k.end)});
	}
	if (k.arguments.n)
		judge_script(l, id, k.arguments, "arguments");
}

/* ---- files of lines ------------------------------------------------------------------------------------------------------------------- */

/* Value of "key=value" or "key:s:value" lines, ASCII case folded; SLICE_NONE. */
static struct slice setting(struct slice text, struct slice key)
{
	struct slice line, rest = text;
	while (rest.n) {
		if (!slice_cut(&rest, '\n', &line)) {
			line = rest;
			rest.n = 0;
		}
		line = slice_trim(line);
		if (slice_istarts(line, key))
			return slice_trim(slice_from(line, key.n));
	}
	return SLICE_NONE;
}

static struct slice as_utf8(struct lure *l, struct slice s)
{
	return slice_starts(s, SL("\xff\xfe")) ? utf16_text(l, slice_from(s, 2), false) : s;
}

void parse_urlfile(struct lure *l, uint32_t id, struct slice s)
{
	struct slice text = as_utf8(l, s), url = setting(text, SL("URL=")), icon = setting(text, SL("IconFile=")), folder = setting(text, SL("WorkingDirectory="));
	lure_fact(l, id, "url", url);
	bool files = slice_istarts(url, SL("file:")) || slice_istarts(url, SL("\\\\")) || slice_istarts(url, SL("search-ms:")) || slice_ihas(url, SL("davwwwroot")) || slice_ihas(url, SL("@ssl"));
	if (files && is_remote(url))
		lure_found_slice(l, id, IND_REMOTE_TARGET, UINT64_MAX, SL("URL"), url);
	else if (is_remote(icon) || is_remote(folder))
		lure_found_slice(l, id, IND_REMOTE_TARGET, UINT64_MAX, SL("IconFile"), is_remote(icon) ? icon : folder);
	else if (is_remote(url))
		lure_found_slice(l, id, IND_HTML_REDIRECT, UINT64_MAX, SL("URL"), url);
	if (runner_in(url) && !slice_istarts(url, SL("http")))
		lure_found_slice(l, id, IND_LNK_COMMAND, UINT64_MAX, SL("URL"), url);
}

static bool is_inside(struct lure *l, struct slice host)
{
	const struct lure_known *k = lure_knows(l);
	struct ip ip;
	if (ip_parse(host, &ip))
		return ip_is_private(&ip) || ip_is_loopback(&ip);
	for (size_t i = 0; i < k->nown_domains; i++)
		if (slice_ieq(host, k->own_domains[i]) || (host.n > k->own_domains[i].n && slice_iends(host, k->own_domains[i]) && host.p[host.n - k->own_domains[i].n - 1] == '.'))
			return true;
	return slice_chr(host, '.') < 0;
}

void parse_rdp(struct lure *l, uint32_t id, struct slice s)
{
	struct slice text = as_utf8(l, s), address = setting(text, SL("full address:s:")), drives = setting(text, SL("drivestoredirect:s:"));
	bool devices = setting(text, SL("devicestoredirect:s:")).n || slice_eqz(setting(text, SL("redirectsmartcards:i:")), "1") || slice_eqz(setting(text, SL("redirectwebauthn:i:")), "1");
	bool app = setting(text, SL("remoteapplicationprogram:s:")).n || setting(text, SL("alternate shell:s:")).n;
	ssize_t port = slice_rfind(address, SL(":"));
	struct slice host = port > 0 ? slice_to(address, (size_t)port) : address;
	lure_fact(l, id, "address", address);
	lure_found_slice(l, id, IND_RDP_FILE, UINT64_MAX, SL("full address"), address);
	if (!is_inside(l, host) && (drives.n || devices || app))
		lure_found(l, id, IND_RDP_SHARES, UINT64_MAX, "drivestoredirect", "%.*s gets %s%s%s", SLFMT(slice_to(address, 100)), drives.n ? "drives " : "", devices ? "devices " : "", app ? "and starts a program" : "");
}

/* ---- scripts, and files that name a place to be asked ---------------------------------------------------------------------------------------- */

void parse_script(struct lure *l, uint32_t id, struct slice s)
{
	static const char *const lookups[] = {".iqy", ".slk", ".scf", ".library-ms", ".search-ms", ".searchconnector-ms", ".settingcontent-ms", ".appref-ms", ".application", ".jnlp", ".inf"};
	static const char *const windows[] = {".js", ".jse", ".vbs", ".vbe", ".wsf", ".wsh", ".hta", ".ps1", ".psm1", ".bat", ".cmd", ".sct", ".reg"};
	const struct lure_object *v;
	lure_objects(l, &v);
	struct slice name = v[id].name, text = as_utf8(l, s);
	for (size_t i = 0; i < ARRAY_LEN(lookups); i++)
		if (slice_iends(name, slice_of(lookups[i])) && (slice_ihas(text, SL("http")) || slice_has(text, SL("\\\\")))) {
			ssize_t at = slice_ifind(text, SL("http"));
			lure_found_slice(l, id, IND_REMOTE_TARGET, UINT64_MAX, SLICE_NONE, slice_sub(text, (size_t)(at >= 0 ? at : slice_find(text, SL("\\\\"))), 120));
		}
	for (size_t i = 0; i < ARRAY_LEN(windows); i++)
		if (slice_iends(name, slice_of(windows[i])))
			lure_found(l, id, IND_SCRIPT_FILE, UINT64_MAX, NULL, "%s", windows[i]);
	judge_script(l, id, text, NULL);
	judge_off_screen(l, id, text);
}

void parse_mobileconfig(struct lure *l, uint32_t id, struct slice s)
{
	ssize_t at = slice_find(s, SL("PayloadType"));
	lure_found_slice(l, id, IND_MOBILE_PROFILE, at < 0 ? UINT64_MAX : (uint64_t)at, SLICE_NONE, at < 0 ? SLICE_NONE : slice_sub(s, (size_t)at, 120));
}
