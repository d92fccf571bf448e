/* words.c - lists of words, and what scripts have in common. */
#include "lure/words.h"

const char *word_in(struct slice s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_ihas(s, slice_of(words[i])))
			return words[i];
	return NULL;
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

/* As a word of its own: "cmd" is not in "command". */
static const char *whole_word_in(struct slice s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct slice w = slice_of(words[i]), rest = s;
		for (ssize_t at; (at = slice_ifind(rest, w)) >= 0; rest = slice_from(rest, (size_t)at + 1)) {
			const char *p = rest.p + at;
			bool before = p > s.p && is_letter(p[-1]), after = p + w.n < s.p + s.n && is_letter(p[w.n]);
			if (!before && !after)
				return words[i];
		}
	}
	return NULL;
}

const char *runner_in(struct slice s)
{
	static const char *const words[] = {"powershell", "pwsh", "cmd", "mshta", "rundll32", "regsvr32", "wmic", "msiexec", "wscript", "cscript", "curl", "certutil", "forfiles", "bitsadmin", "conhost",
		"pcalua", "ftp", "ssh", "hh", "scriptrunner", "odbcconf", "installutil", "msbuild", "explorer", "python", "pythonw", "node", "java", "javaw", "wsl", "bash", "sftp", "finger", "cmstp", "schtasks"};
	return whole_word_in(s, words, ARRAY_LEN(words));
}

const char *fetcher_in(struct slice s)
{
	static const char *const words[] = {"downloadstring", "downloadfile", "downloaddata", "invoke-webrequest", "invoke-restmethod", "iwr ", "start-bitstransfer", "bitsadmin", "urldownloadtofile", "msxml2.xmlhttp",
		"msxml2.serverxmlhttp", "winhttp.winhttprequest", "net.webclient", "certutil -urlcache", "certutil.exe -urlcache", "curl ", "curl.exe", "wget ", "urllib.request", "requests.get(", "requests.post(",
		"http.client", "urlretrieve", "xmlhttprequest", "node-fetch", "axios.get", "axios.post", "https.get(", "http.get(", "request(", "fetch("};
	return WORD_IN(s, words);
}

const char *starter_in(struct slice s)
{
	static const char *const words[] = {"invoke-expression", "iex ", "iex(", "|iex", "start-process", "wscript.shell", "shell.application", "shellexecute", ".run ", ".run(", "exec(", "eval(", "new function(", "child_process",
		"subprocess.", "os.system", "os.popen", "os.startfile", "createobject(\"wscript", "rundll32", "regsvr32", "mshta", "chmod +x", "| sh", "|sh", "| bash", "|bash", "start \"\"", "start /b", "cmd /c", "cmd.exe /c",
		"win32_process", "[reflection.assembly]::load", "marshal.loads", "__import__(", "vm.runin"};
	return WORD_IN(s, words);
}

const char *decoder_in(struct slice s)
{
	static const char *const words[] = {"frombase64string", "-encodedcommand", " -enc ", " -ec ", "-e jab", "atob(", "b64decode", "base64 -d", "base64 --decode", "buffer.from(", "unescape(", "string.fromcharcode(", "[convert]::",
		"codecs.decode", "zlib.decompress", "bytes.fromhex", "chr(", "-bxor", "execute(", "strreverse", "bz2.decompress", "lzma.decompress"};
	return WORD_IN(s, words);
}

bool is_remote(struct slice s)
{
	static const char *const starts[] = {"http:", "https:", "ftp:", "\\\\", "//", "file://", "file:\\\\", "ms-word:", "ms-excel:", "search-ms:", "webcal:"};
	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (slice_istarts(s, slice_of(starts[i])))
			return !slice_istarts(s, SL("file:///")) && !slice_istarts(s, SL("\\\\?\\")) && !slice_istarts(s, SL("\\\\.\\"));
	return false;
}

struct slice lure_host(struct slice url)
{
	ssize_t at = slice_find(url, SL("//"));
	bool share = at < 0; /* \\host@SSL\share: no user stands there */
	if (share)
		at = slice_find(url, SL("\\\\"));
	if (at < 0)
		return SLICE_NONE;
	struct slice h = slice_from(url, (size_t)at + 2);
	size_t n = 0;
	while (n < h.n && h.p[n] && !strchr("/\\?# \"<>", h.p[n]))
		n++;
	h = slice_to(h, n);
	ssize_t user = share ? -1 : slice_rfind(h, SL("@"));
	if (user >= 0)
		h = slice_from(h, (size_t)user + 1);
	ssize_t port = slice_rfind(h, SL(":"));
	return port > 0 && h.p[h.n - 1] != ']' ? slice_to(h, (size_t)port) : h;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f'; }

static size_t run_of(struct slice s, size_t at, const char *ends)
{
	while (at < s.n && !is_blank(s.p[at]) && !(s.p[at] && strchr(ends, s.p[at])))
		at++;
	return at;
}

static size_t behind_blanks(struct slice s, size_t at, bool slashes)
{
	while (at < s.n && (is_blank(s.p[at]) || (slashes && s.p[at] == '/')))
		at++;
	return at;
}

/* As browsers do (HTML, 13.2.5): name, blanks, '=', blanks, a value in quotes or up to a blank. */
struct slice lure_attribute(struct slice tag, struct slice name)
{
	size_t at = behind_blanks(tag, run_of(tag, 0, "/>"), true);
	while (at < tag.n && tag.p[at] != '>') {
		size_t end = run_of(tag, at + 1, "/>="), next = behind_blanks(tag, end, false);
		struct slice found = slice_sub(tag, at, end - at), value = SLICE_NONE;
		bool has = next < tag.n && tag.p[next] == '=';
		ssize_t prefix = slice_rfind(found, SL(":")); /* xlink:href */
		if (has) {
			next = behind_blanks(tag, next + 1, false);
			char quote = next < tag.n && (tag.p[next] == '"' || tag.p[next] == '\'') ? tag.p[next] : 0;
			struct slice rest = slice_from(tag, next + (quote != 0));
			ssize_t close = quote ? slice_chr(rest, quote) : (ssize_t)run_of(rest, 0, ">");
			value = slice_to(rest, close < 0 ? rest.n : (size_t)close);
			next += value.n + (quote ? 2 : 0);
		}
		if (has && slice_ieq(slice_from(found, (size_t)(prefix + 1)), name))
			return value;
		at = behind_blanks(tag, MAX(next, end), true);
	}
	return SLICE_NONE;
}

const char *viewer_bait_in(struct slice text)
{
	static const char *const why[] = {"cannot be displayed", "can not be displayed", "could not be displayed", "cannot be opened", "unable to display", "cannot be viewed", "is protected", "is encrypted", "secure document", "protected document",
		"nicht angezeigt werden", "kann nicht geöffnet", "ist geschützt", "ist verschlüsselt", "표시할 수 없", "열 수 없"};
	static const char *const what[] = {"our viewer", "secure viewer", "pdf viewer provided", "attached viewer", "enclosed viewer", "provided viewer", "special viewer", "the viewer in", "viewer included", "use the viewer", "using the attached",
		"secure pdf viewer", "internal viewer", "dedicated viewer", "beigefügten viewer", "beigefügte anzeigeprogramm", "mitgelieferten viewer", "mitgelieferte anzeigeprogramm", "unserem viewer", "unser anzeigeprogramm",
		"첨부된 뷰어", "전용 뷰어", "보안 뷰어"};
	const char *tool = WORD_IN(text, what);
	return tool && WORD_IN(text, why) ? tool : NULL;
}

/* ---- scripts -------------------------------------------------------------------------------------------------------------------------- */

static bool is_base64(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/'; }

/* Something worth looking at, not an arbitrary word that happens to be made of these letters. */
static bool is_something(struct slice b)
{
	enum lure_type t = lure_type_of(b, SLICE_NONE);
	if (t != LT_UNKNOWN && t != LT_EMPTY)
		return t != LT_TEXT || b.n > 40;
	return b.n > 200 && le16(b, 0) < 0x80 && le16(b, 2) < 0x80 && le16(b, 4) < 0x80; /* UTF-16: PowerShell's encoded commands */
}

size_t hand_on_base64(struct lure *l, uint32_t id, struct slice text, size_t least)
{
	size_t found = 0;
	for (size_t i = 0; i < text.n && found < 50 && !lure_stop(l);) {
		size_t from = i;
		while (i < text.n && is_base64(text.p[i]))
			i++;
		if (i - from >= least) {
			struct slice b = base64_bytes(l, slice_sub(text, from, i - from));
			if (is_something(b)) {
				bool wide = b.n > 8 && b.p[1] == 0 && b.p[3] == 0;
				found += lure_child(l, id, &(struct lure_child){.how = LURE_DECODED, .name = SL("(decoded)"), .bytes = wide ? utf16_text(l, b, false) : b});
			}
		}
		i += i == from;
	}
	return found;
}

void judge_script(struct lure *l, uint32_t id, struct slice text, const char *where)
{
	const char *fetches = fetcher_in(text), *runs = starter_in(text), *decodes = decoder_in(text);
	if (fetches && runs && (slice_ihas(text, SL("http://")) || slice_ihas(text, SL("https://")) || slice_has(text, SL("\\\\")) || decodes))
		lure_found(l, id, IND_SCRIPT_FETCHES, (uint64_t)slice_ifind(text, slice_of(fetches)), where, "%s ... %s", fetches, runs);
	size_t hidden = decodes ? hand_on_base64(l, id, text, 120) : 0;
	if (decodes && (runs || hidden))
		lure_found(l, id, IND_SCRIPT_ENCODED, (uint64_t)slice_ifind(text, slice_of(decodes)), where, "%s%s%s", decodes, runs ? " ... " : "", runs ? runs : "");
}
