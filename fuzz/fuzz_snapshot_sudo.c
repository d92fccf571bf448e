/* fuzz_snapshot_sudo.c - sudoers (with itself as every file that it includes), doas.conf, polkit's rules: byte 0 chooses. Rows must be such as the document can hold. */
#include <stdlib.h>

#include "snapshot/sudoers_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool itself(void *arg, struct slice path, struct slice *text, const char **why)
{
	(void)path, (void)why;
	*text = *(struct slice *)arg;
	return true;
}

static bool names(void *arg, struct slice path, struct snap_list *out, const char **why)
{
	static struct slice v[] = {{"a", 1}, {"b.c", 3}, {"d~", 2}};
	(void)arg, (void)path, (void)why;
	*out = (struct snap_list){v, ARRAY_LEN(v)};
	return true;
}

static void sudo(struct snapshot *s, struct slice text)
{
	struct sudo_files files = {itself, names, &text, SL("web1")};
	struct sudo_lines lines = {0};
	if (text.n > 4096)
		return; /* 2000 files of it are read */
	sudoers_flatten(s, &files, SL("/etc/sudoers"), &lines);
	sudoers_rows(s, &lines);
	for (size_t i = 0; i < lines.n; i++)
		if (!lines.v[i].text.n || lines.v[i].line < 1)
			abort();
	for (size_t i = 0; i < s->nsudo; i++)
		if (!s->sudo[i].who.n || !s->sudo[i].commands.n || !s->sudo[i].hosts.n || !s->sudo[i].at.line)
			abort();
	sudo_lines_free(&lines);
}

static void doas(struct snapshot *s, struct slice text)
{
	doas_rows(s, text, SL("/etc/doas.conf"));
	for (size_t i = 0; i < s->ndoas; i++)
		if (!s->doas[i].who.n)
			abort();
}

static void rules(struct snapshot *s, struct slice text)
{
	polkit_rules_rows(s, text, SL("/x.rules"));
	for (size_t i = 0; i < s->npolkit; i++)
		if (!slice_eqz(s->polkit[i].result, "script") && !s->polkit[i].identity.n)
			abort();
}

static void pkla(struct snapshot *s, struct slice text)
{
	polkit_pkla_rows(s, text, SL("/x.pkla"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static void (*const targets[])(struct snapshot *, struct slice) = {sudo, doas, rules, pkla};
	if (n == 0)
		return 0;
	char *copy = xmalloc(MAX(n - 1, (size_t)1));
	memcpy(copy, data + 1, n - 1);
	struct snapshot *s = snapshot_new();
	s->host = SL("web1");
	targets[data[0] % ARRAY_LEN(targets)](s, slice_make(copy, n - 1));
	struct buf out = {0};
	struct err e = {0};
	snapshot_write(s, &out);
	struct snapshot *back = snapshot_read(buf_slice(&out), "fuzz", &e);
	if (!back && e.code != ERR_LIMIT)
		abort();
	snapshot_free(back);
	buf_free(&out);
	snapshot_free(s);
	free(copy);
	return 0;
}
