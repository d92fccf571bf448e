/* archive.c - archives and packed files, through libarchive: its formats are many, and each reader is bounded here by bytes, names and time. */
#include "lure/lure_private.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

struct unpacking {
	struct lure *l;
	uint32_t id;
	struct archive *a;
	struct buf member;
	uint32_t names;
	bool encrypted, opened;
};

/* Formats by type: never "all", which would guess (mtree, WARC, raw) at hostile bytes. */
static void allow_formats(struct archive *a, enum lure_type t)
{
	switch (t) {
	case LT_ZIP: case LT_JAR: archive_read_support_format_zip(a); break;
	case LT_SEVENZIP: archive_read_support_format_7zip(a); break;
	case LT_RAR: archive_read_support_format_rar(a); archive_read_support_format_rar5(a); break;
	case LT_TAR: archive_read_support_format_tar(a); break;
	case LT_CAB: archive_read_support_format_cab(a); break;
	case LT_AR: archive_read_support_format_ar(a); break;
	default: archive_read_support_filter_all(a); archive_read_support_format_raw(a); break;
	}
}

static bool escapes(struct slice name)
{
	if (slice_starts(name, SL("/")) || slice_starts(name, SL("\\")) || (name.n > 2 && name.p[1] == ':' && (name.p[2] == '\\' || name.p[2] == '/')))
		return true;
	for (size_t at = 0; at + 1 < name.n; at++)
		if (name.p[at] == '.' && name.p[at + 1] == '.' && (at == 0 || name.p[at - 1] == '/' || name.p[at - 1] == '\\')
		    && (at + 2 == name.n || name.p[at + 2] == '/' || name.p[at + 2] == '\\'))
			return true;
	return false;
}

/* Into u->member; false: it could not be read, or there was no more room. */
static bool read_member(struct unpacking *u)
{
	char block[32 << 10];
	uint64_t room = lure_room(u->l);
	u->member.n = 0;
	for (;;) {
		la_ssize_t got = archive_read_data(u->a, block, sizeof block);
		if (got == 0)
			return true;
		if (got < 0)
			return false;
		if (u->member.n + (size_t)got > room) {
			lure_found(u->l, u->id, IND_LIMIT_SIZE, UINT64_MAX, NULL, "a member unpacks to more than %llu bytes", (unsigned long long)room);
			return false;
		}
		buf_add(&u->member, block, (size_t)got);
		if (lure_stop(u->l))
			return false;
	}
}

static void one_member(struct unpacking *u, struct archive_entry *x, struct slice fallback)
{
	const char *text = archive_entry_pathname_utf8(x);
	if (!text)
		text = archive_entry_pathname(x);
	struct slice name = text && *text ? slice_of(text) : fallback;
	bool locked = archive_entry_is_data_encrypted(x) || archive_entry_is_metadata_encrypted(x);
	if (escapes(name))
		lure_found_slice(u->l, u->id, IND_ARCHIVE_TRAVERSAL, UINT64_MAX, SLICE_NONE, name);
	if (archive_entry_filetype(x) != AE_IFREG && archive_entry_filetype(x) != 0)
		return;
	bool read = read_member(u);
	u->encrypted |= locked && !read;
	u->opened |= locked && read;
	if (!read && !locked && !lure_stop(u->l))
		lure_found(u->l, u->id, IND_ARCHIVE_UNREADABLE, UINT64_MAX, NULL, "%.*s: %s", SLFMT(slice_to(name, 200)), archive_error_string(u->a) ? archive_error_string(u->a) : "damaged");
	struct lure_child c = {.how = LURE_MEMBER, .name = name, .encrypted = locked && !read, .opened = locked && read, .size = archive_entry_size_is_set(x) ? (uint64_t)archive_entry_size(x) : 0};
	if (read)
		c.bytes = buf_slice(&u->member);
	if (read || locked)
		lure_child(u->l, u->id, &c);
}

static void unpack(struct lure *l, uint32_t id, struct slice bytes, enum lure_type type, struct slice fallback)
{
	const struct slice *words;
	struct unpacking u = {.l = l, .id = id, .a = archive_read_new()};
	size_t n = lure_passwords(l, &words);
	if (!u.a)
		return;
	allow_formats(u.a, type);
	for (size_t i = 0; i < n && type == LT_ZIP; i++)
		archive_read_add_passphrase(u.a, words[i].p);
	int r = archive_read_open_memory(u.a, bytes.p, bytes.n);
	struct archive_entry *x;
	while (r >= ARCHIVE_WARN && !lure_stop(l)) {
		r = archive_read_next_header(u.a, &x);
		if (r < ARCHIVE_WARN || r == ARCHIVE_EOF)
			break;
		if (++u.names > lure_limits_of(l)->names) {
			lure_found(l, id, IND_LIMIT_SIZE, UINT64_MAX, NULL, "more than %u names", lure_limits_of(l)->names);
			break;
		}
		one_member(&u, x, fallback);
	}
	if (archive_format(u.a)) /* libarchive 3.6 looks behind its table when no format fits */
		u.encrypted |= archive_read_has_encrypted_entries(u.a) > 0 && !u.opened;
	if (r < ARCHIVE_WARN && type == LT_RAR && archive_error_string(u.a)) /* RAR 5 with locked names ends here */
		u.encrypted |= slice_ihas(slice_of(archive_error_string(u.a)), SL("encrypt"));
	if (r < ARCHIVE_WARN && !u.encrypted && !lure_stop(l))
		lure_found(l, id, IND_ARCHIVE_UNREADABLE, UINT64_MAX, NULL, "%s", archive_error_string(u.a) ? archive_error_string(u.a) : "damaged");
	if (u.encrypted)
		lure_found(l, id, IND_ARCHIVE_ENCRYPTED, UINT64_MAX, NULL, "%u names listed", u.names);
	if (u.encrypted && type != LT_ZIP && type != LT_JAR) /* libarchive opens no others */
		lure_found(l, id, IND_ARCHIVE_NOT_TRIED, UINT64_MAX, NULL, "%s%s", lure_type_name(type), n ? ": words of the message were there" : "");
	if (u.opened)
		lure_found(l, id, IND_ARCHIVE_PASSWORD_GIVEN, UINT64_MAX, NULL, "opened by a word that came with it");
	archive_read_free(u.a);
	buf_free(&u.member);
}

void parse_archive(struct lure *l, uint32_t id, struct slice bytes)
{
	const struct lure_object *v;
	lure_objects(l, &v);
	unpack(l, id, bytes, v[id].type, SLICE_NONE);
}

/* "offer.tar.gz" holds "offer.tar". */
void parse_packed(struct lure *l, uint32_t id, struct slice bytes)
{
	const struct lure_object *v;
	lure_objects(l, &v);
	struct slice name = slice_basename(v[id].name), stem = name;
	ssize_t dot = slice_rfind(name, SL("."));
	if (dot > 0)
		stem = slice_to(name, (size_t)dot);
	if (slice_iends(name, SL(".tgz")))
		stem = SL("content.tar");
	unpack(l, id, bytes, LT_PACKED, slice_dup(lure_arena(l), stem));
}
