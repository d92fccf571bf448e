/* package.c - packages of code as they come with a "coding test": what runs when they are installed or opened. */
#include "lure/words.h"

enum { OFF_SCREEN_BLANKS = 150 };

/* Code behind so many blanks in a row on one line that no editor shows it. */
void judge_off_screen(struct lure *l, uint32_t id, struct slice s)
{
	size_t run = 0, column = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\n') {
			run = column = 0;
			continue;
		}
		column++;
		if (s.p[i] == ' ' || s.p[i] == '\t') {
			run++;
			continue;
		}
		if (run >= OFF_SCREEN_BLANKS && column > run + 1) {
			struct slice rest = slice_sub(s, i, 200);
			ssize_t end = slice_chr(rest, '\n');
			rest = end < 0 ? rest : slice_to(rest, (size_t)end);
			if (rest.n > 20 || starter_in(rest) || decoder_in(rest))
				lure_found_slice(l, id, IND_CODE_OFF_SCREEN, i, SLICE_NONE, rest);
		}
		run = 0;
	}
}

/* The string behind "key": in JSON; SLICE_NONE. Escapes stay. */
static struct slice json_string(struct slice s, const char *key)
{
	struct buf b = {0};
	buf_addc(&b, '"');
	buf_addz(&b, key);
	buf_addc(&b, '"');
	ssize_t at = slice_find(s, buf_slice(&b));
	size_t n = b.n;
	buf_free(&b);
	if (at < 0)
		return SLICE_NONE;
	struct slice v = slice_from(s, (size_t)at + n);
	while (v.n && (v.p[0] == ' ' || v.p[0] == ':' || v.p[0] == '\n' || v.p[0] == '\r' || v.p[0] == '\t'))
		v = slice_from(v, 1);
	if (!v.n || v.p[0] != '"')
		return SLICE_NONE;
	v = slice_from(v, 1);
	size_t end = 0;
	while (end < v.n && v.p[end] != '"')
		end += v.p[end] == '\\' && end + 1 < v.n ? 2 : 1;
	return slice_to(v, end);
}

static bool runs_more(struct slice command)
{
	static const char *const words[] = {"curl", "wget", "powershell", "base64", "eval", "http://", "https://", "| sh", "|sh", "bash -c", "sh -c", "node -e", "python -c", "python3 -c", "certutil", "mshta"};
	return WORD_IN(command, words) != NULL;
}

static void npm(struct lure *l, uint32_t id, struct slice s)
{
	static const char *const hooks[] = {"preinstall", "install", "postinstall", "prepare", "prepublish"};
	for (size_t i = 0; i < ARRAY_LEN(hooks); i++) {
		struct slice c = json_string(s, hooks[i]);
		if (!c.n)
			continue;
		lure_found_slice(l, id, IND_CODE_INSTALL_HOOK, UINT64_MAX, slice_of(hooks[i]), c);
		if (runs_more(c))
			lure_found_slice(l, id, IND_CODE_HOOK_FETCHES, UINT64_MAX, slice_of(hooks[i]), c);
	}
}

static void python(struct lure *l, uint32_t id, struct slice s)
{
	const char *fetches = fetcher_in(s), *runs = starter_in(s), *decodes = decoder_in(s);
	if (runs)
		lure_found(l, id, IND_CODE_INSTALL_HOOK, (uint64_t)slice_ifind(s, slice_of(runs)), NULL, "%s", runs);
	if (runs && (fetches || decodes))
		lure_found(l, id, IND_CODE_HOOK_FETCHES, (uint64_t)slice_ifind(s, slice_of(runs)), NULL, "%s ... %s", fetches ? fetches : decodes, runs);
	judge_script(l, id, s, NULL);
}

static void tasks(struct lure *l, uint32_t id, struct slice s)
{
	if (slice_eqz(json_string(s, "runOn"), "folderOpen"))
		lure_found_slice(l, id, IND_CODE_RUNS_WHEN_OPENED, UINT64_MAX, SL("runOn folderOpen"), json_string(s, "command"));
}

static void hook(struct lure *l, uint32_t id, struct slice s)
{
	lure_found_slice(l, id, IND_CODE_RUNS_WHEN_OPENED, 0, SL("hook"), slice_to(s, 160));
	judge_script(l, id, s, NULL);
}

static void registry(struct lure *l, uint32_t id, struct slice s)
{
	static const char *const usual[] = {"registry.npmjs.org", "pypi.org", "files.pythonhosted.org", "registry.yarnpkg.com", "npm.pkg.github.com"};
	struct slice rest = s;
	for (ssize_t at; (at = slice_ifind(rest, SL("http"))) >= 0; rest = slice_from(rest, (size_t)at + 4)) {
		struct slice url = slice_sub(rest, (size_t)at, 200), host = lure_host(url);
		if (is_remote(url) && host.n && !WORD_IN(host, usual))
			lure_found_slice(l, id, IND_CODE_OTHER_REGISTRY, UINT64_MAX, SLICE_NONE, host);
	}
}

static const struct { const char *ending; void (*judge)(struct lure *l, uint32_t id, struct slice s); } kinds[] = {
	{"package.json", npm}, {"setup.py", python}, {"conftest.py", python}, {"tasks.json", tasks}, {".npmrc", registry}, {"pip.conf", registry}, {"binding.gyp", python},
	{"hooks/post-checkout", hook}, {"hooks/post-merge", hook}, {"hooks/pre-commit", hook},
};

void parse_code_package(struct lure *l, uint32_t id, struct slice bytes)
{
	const struct lure_object *v;
	lure_objects(l, &v);
	struct slice name = v[id].name;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (slice_iends(name, slice_of(kinds[i].ending)))
			kinds[i].judge(l, id, bytes);
	judge_off_screen(l, id, bytes);
}
