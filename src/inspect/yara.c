/* yara.c - YARA rules of the user: compiled once before workers are forked, asked about every object. The only file that knows libyara. */
#include "inspect/inspect_private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <yara.h>

enum { SCAN_SECONDS = 5 };

struct complaint { struct err *e; const char *file; };

static void complain_of(int level, const char *file, int line, const YR_RULE *rule, const char *text, void *arg)
{
	struct complaint *c = arg;
	(void)rule;
	if (level == YARA_ERROR_LEVEL_ERROR && c->e && !c->e->code)
		err_at(c->e, ERR_SYNTAX, file ? file : c->file, line, 0, "%s", text);
}

/* A rule file includes none of its own: what is named is what is read. */
static const char *no_include(const char *name, const char *from, const char *space, void *arg)
{
	(void)name;
	(void)from;
	(void)space;
	(void)arg;
	return NULL;
}

int yara_load(const char *const *files, struct yara **out, struct err *e)
{
	YR_COMPILER *c = NULL;
	YR_RULES *rules = NULL;
	struct complaint said = {.e = e};
	e->code = 0;
	if (yr_initialize() != ERROR_SUCCESS || yr_compiler_create(&c) != ERROR_SUCCESS)
		return err_set(e, ERR_NOMEM, "YARA could not be started");
	yr_compiler_set_callback(c, complain_of, &said);
	yr_compiler_set_include_callback(c, no_include, NULL, NULL);
	for (; *files && !e->code; files++) {
		int fd = open(*files, O_RDONLY | O_CLOEXEC);
		said.file = *files;
		if (fd < 0)
			err_set(e, ERR_IO, "%s: %m", *files);
		else if (yr_compiler_add_fd(c, fd, NULL, *files) && !e->code)
			err_set(e, ERR_SYNTAX, "%s: YARA refuses it", *files);
		if (fd >= 0)
			close(fd);
	}
	if (!e->code && yr_compiler_get_rules(c, &rules) != ERROR_SUCCESS)
		err_set(e, ERR_NOMEM, "no memory for YARA's rules");
	yr_compiler_destroy(c);
	*out = (struct yara *)rules;
	return e->code;
}

void yara_free(struct yara *y)
{
	if (!y)
		return;
	yr_rules_destroy((YR_RULES *)y);
	yr_finalize();
}

struct asking { struct lure *l; uint32_t id; };

static int matched(YR_SCAN_CONTEXT *context, int message, void *data, void *arg)
{
	struct asking *a = arg;
	(void)context;
	if (message == CALLBACK_MSG_RULE_MATCHING) {
		const YR_RULE *rule = data;
		lure_found(a->l, a->id, IND_YARA_MATCH, UINT64_MAX, "YARA", "%s", rule->identifier);
	}
	return lure_stop(a->l) ? CALLBACK_ABORT : CALLBACK_CONTINUE;
}

void yara_scan(void *arg, struct lure *l, uint32_t id, struct slice bytes)
{
	struct asking a = {l, id};
	int r = yr_rules_scan_mem(arg, (const uint8_t *)bytes.p, bytes.n, SCAN_FLAGS_FAST_MODE | SCAN_FLAGS_NO_TRYCATCH | SCAN_FLAGS_REPORT_RULES_MATCHING, matched, &a, SCAN_SECONDS);
	if (r == ERROR_SCAN_TIMEOUT)
		lure_found(l, id, IND_LIMIT_TIME, UINT64_MAX, "YARA", "after %d s", SCAN_SECONDS);
}
