/* manifest.c - the bytes that are signed, and the file that keeps them with the signature. */
#include "release/release_private.h"

#include <stdio.h>
#include <string.h>

static const char head[] = "postern-release 1\n";
static const char begin[] = "-----BEGIN SSH SIGNATURE-----\n", end[] = "-----END SSH SIGNATURE-----\n";
enum { ARMOUR_LINE = 76, PATH_MOST = 4095 };

void release_word(struct buf *b, struct slice path)
{
	for (size_t i = 0; i < path.n; i++) {
		unsigned char c = (unsigned char)path.p[i];
		if (c > ' ' && c < 0x7f && c != '%' && c != '"')
			buf_addc(b, (char)c);
		else
			buf_addf(b, "%%%02X", c);
	}
}

void release_manifest_write(const struct release_manifest *m, struct buf *out)
{
	char from[40], until[40];
	buf_addz(out, head);
	buf_addz(out, "name: ");
	release_word(out, m->name);
	buf_addz(out, "\nfolder: ");
	release_word(out, m->folder);
	buf_addf(out, "\nsize: %llu\nsha256: %s\nsigned: %s\nuntil: %s\nsigner: ", (unsigned long long)m->size, m->sha256, time_rfc3339(m->signed_at, from),
		time_rfc3339(m->until, until));
	release_word(out, m->signer);
	buf_addc(out, '\n');
}

/* ---- reading ---------------------------------------------------------------------------------------------------------------- */

/* The value of the next line, which has to begin with the key. */
static bool take(struct slice *s, const char *key, struct slice *value)
{
	struct slice line;
	if (!slice_starts(*s, slice_of(key)) || !slice_cut(s, '\n', &line))
		return false;
	*value = slice_from(line, strlen(key));
	return value->n > 0;
}

bool release_unword(struct slice word, struct arena *a, size_t most, struct slice *out)
{
	char *to = arena_alloc(a, word.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < word.n; i++) {
		uint64_t byte;
		if (word.p[i] != '%') {
			to[n++] = word.p[i];
			continue;
		}
		if (word.n - i < 3 || !slice_hex(slice_make(word.p + i + 1, 2), &byte) || byte == 0)
			return false;
		to[n++] = (char)byte;
		i += 2;
	}
	to[n] = 0;
	*out = slice_make(to, n);
	return n > 0 && n <= most;
}

/* "2026-11-26T15:00:00.000Z", as time_rfc3339() writes whole seconds; what else the text may be shows when it is written again. */
static bool take_time(struct slice text, nstime *out)
{
	unsigned part[6];
	static const uint8_t at[6] = {0, 5, 8, 11, 14, 17}, width[6] = {4, 2, 2, 2, 2, 2}, most[6] = {0, 12, 31, 23, 59, 59};
	if (text.n != 24)
		return false;
	for (size_t i = 0; i < 6; i++) {
		uint64_t n;
		if (!slice_u64(slice_make(text.p + at[i], width[i]), most[i] ? most[i] : 2200, &n))
			return false;
		part[i] = (unsigned)n;
	}
	if (part[0] < 1970 || !part[1] || !part[2])
		return false;
	*out = civil_seconds((int)part[0], part[1], part[2], part[3], part[4], part[5]) * NS_SEC;
	return true;
}

static bool take_manifest(struct slice *s, struct arena *a, struct release_manifest *m)
{
	struct slice name, folder, size, sum, from, until, signer;
	if (!slice_starts(*s, slice_of(head)))
		return false;
	*s = slice_from(*s, sizeof head - 1);
	if (!take(s, "name: ", &name) || !take(s, "folder: ", &folder) || !take(s, "size: ", &size) || !take(s, "sha256: ", &sum) ||
		!take(s, "signed: ", &from) || !take(s, "until: ", &until) || !take(s, "signer: ", &signer))
		return false;
	if (!release_unword(name, a, RELEASE_NAME_MAX, &m->name) || !release_unword(folder, a, PATH_MOST, &m->folder) || !release_unword(signer, a, 64, &m->signer))
		return false;
	if (!slice_u64(size, INT64_MAX, &m->size) || sum.n != 64 || !take_time(from, &m->signed_at) || !take_time(until, &m->until))
		return false;
	memcpy(m->sha256, sum.p, 64);
	m->sha256[64] = 0;
	return strspn(m->sha256, "0123456789abcdef") == 64;
}

/* Lines of base64 and nothing else: a signature file is no place for anything to hide. */
static bool is_armour(struct slice s)
{
	size_t run = 0;
	if (!slice_starts(s, slice_of(begin)) || !slice_ends(s, slice_of(end)) || s.n <= sizeof begin + sizeof end)
		return false;
	s = slice_make(s.p + sizeof begin - 1, s.n - (sizeof begin - 1) - (sizeof end - 1));
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool digit = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=';
		run = c == '\n' ? 0 : run + 1;
		if ((!digit && c != '\n') || run > ARMOUR_LINE || (c == '\n' && (i == 0 || s.p[i - 1] == '\n')))
			return false;
	}
	return s.n && s.p[s.n - 1] == '\n';
}

int release_signature_read(struct slice file, struct arena *a, struct release_manifest *m, struct slice *message, struct slice *armour, struct err *e)
{
	struct slice rest = file;
	struct buf again = {0};
	if (file.n > RELEASE_SIGNATURE_MAX)
		return err_set(e, ERR_LIMIT, "more than %d bytes", RELEASE_SIGNATURE_MAX);
	if (!take_manifest(&rest, a, m))
		return err_set(e, ERR_SYNTAX, "does not begin with a manifest");
	*message = slice_make(file.p, file.n - rest.n);
	*armour = rest;
	release_manifest_write(m, &again);
	bool same = slice_eq(buf_slice(&again), *message);
	buf_free(&again);
	if (!same)
		return err_set(e, ERR_SYNTAX, "its manifest is not written as Postern writes it");
	return is_armour(rest) ? 0 : err_set(e, ERR_SYNTAX, "no SSH signature follows the manifest, or more than one");
}
