/* sudoers_private.h - between the files of the sudoers reader: words, lists, aliases. */
#ifndef POSTERN_SNAPSHOT_SUDOERS_PRIVATE_H
#define POSTERN_SNAPSHOT_SUDOERS_PRIVATE_H

#include "snapshot/system_private.h"

/* One member of a list: a name, ALL, an alias, a command. */
struct sudo_member {
	struct slice text;    /* unescaped; a command with its arguments */
	struct slice digest;  /* "sha224:... " as it stands in front of a command; "" none */
	bool negated;
	bool plain;           /* neither quoted nor escaped: may be ALL or an alias */
};
struct sudo_list { struct sudo_member *v; size_t n, cap; };
enum sudo_class { SUDO_USER, SUDO_RUNAS, SUDO_HOST, SUDO_CMND, SUDO_CLASSES };

/* Where in a line. Everything below returns false on a syntax error, with *why. */
struct sudo_cursor {
	const char *p, *end;
	struct arena *mem;
	const char *why;
	bool bare;            /* commands without arguments: the scope of Defaults */
};
struct sudo_cursor sudo_cursor_of(struct slice line, struct arena *mem);
/* Blanks away; true: nothing is left but a comment. */
bool sudo_at_end(struct sudo_cursor *c);
/* Takes ch (blanks before it are skipped); false: it is not there, which is no error. */
bool sudo_take(struct sudo_cursor *c, char ch);
/* A run of capitals, digits and _ that is followed by `after` (blanks between allowed): tags, options, aliases' names. *p moves behind both. */
bool sudo_capitals(struct sudo_cursor *c, char after, struct slice *name);
/* A list of one class, as long as commas follow; commands take digests and arguments. */
bool sudo_members(struct sudo_cursor *c, enum sudo_class k, struct sudo_list *out);
bool sudo_member(struct sudo_cursor *c, enum sudo_class k, struct sudo_member *m);
/* A value behind NAME= : quoted, or up to a blank, comma or comment. */
bool sudo_value(struct sudo_cursor *c, struct slice *out);
bool sudo_is_alias(const struct sudo_member *m);

/* ---- aliases ---------------------------------------------------------------------------------------------------------- */
struct sudo_aliases;
struct sudo_aliases *sudo_aliases_new(void);
void sudo_aliases_free(struct sudo_aliases *a);
/* Takes l over. False: it is defined already (the first one holds). */
bool sudo_alias_add(struct sudo_aliases *a, enum sudo_class k, struct slice name, struct sudo_list *l);
/* Members as texts, aliases put in, "!" in front of what is negated. *why (may stay NULL): something is left out. False: what is left might say more
 * than the file does (a limit is lost), so that it must not be told. */
bool sudo_expand(struct snapshot *s, struct sudo_aliases *a, enum sudo_class k, const struct sudo_list *l, struct snap_list *out, const char **why);

#endif
