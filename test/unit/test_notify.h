/* test_notify.h - configurations from text, incidents by hand, a program that notes what it is given. */
#ifndef POSTERN_TEST_NOTIFY_H
#define POSTERN_TEST_NOTIFY_H

#include "notify/notify_private.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>

/* Markup, quotes, header and log lines, a terminal's sequences, C1, a turn of direction, broken UTF-8, and what CEF and RFC 5424 escape. */
#define HOSTILE "x|y=z]\\\"\r\nBcc: all@example.org\r\n\r\nbody\n<34>1 - forged\033]0;t\007\xc2\x9b" "31m\xe2\x80\xae" "exe.txt\xff\xc3 =?UTF-8?Q?a?= \xc3\xa4\xc3\xb6 Schl\xc3\xbcssel"

/* YAML of the section into *c; the nodes live in mem. */
static inline int read_config(const char *yaml, struct arena *mem, struct notify_config *c, struct err *e)
{
	static const struct yaml_options opt = {.max_bytes = 1 << 20, .max_nodes = 10000};
	struct node *root;
	int rc = yaml_read(slice_of(yaml), "postern.yaml", &opt, mem, &root, e);
	return rc ? rc : notify_config_read(root, "postern.yaml", mem, c, e);
}

/* Findings `from` to `to` of one story: the same user and host join them. Stage by number. */
static inline struct incidents *story(const struct org *org, const char *key, unsigned findings, enum level level, unsigned stages, struct slice title)
{
	struct incidents *s = incidents_new(org);
	for (unsigned i = 0; i < findings; i++) {
		struct finding *f = finding_new();
		char line[256];
		f->rule_id = SL("postern.test");
		f->rule_name = SL("Test");
		f->level = i ? LEVEL_MEDIUM : level;
		f->stage = (enum stage)(i < stages ? STAGE_ENTRY + (int)i : STAGE_NONE);
		f->count = 1;
		finding_printf(f, &f->title, "%s %u %.*s", key, i, SLFMT(title));
		snprintf(line, sizeof line, "%s line %u", key, i);
		finding_evidence_raw(f, 0, i, civil_seconds(2026, 11, 23, 16, 30, 0) * NS_SEC + (nstime)i * NS_SEC, slice_of(line));
		finding_entity(f, ENT_USER, slice_of(key));
		finding_entity(f, ENT_HOST, SL("web1"));
		finding_entity(f, ENT_SOURCE, SL("203.0.113.77"));
		finding_entity(f, ENT_FILE, title);
		finding_seal(f);
		incidents_add(s, f);
	}
	incidents_build(s);
	return s;
}

#endif
