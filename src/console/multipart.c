/* multipart.c - forms with files (RFC 7578): parts between boundaries, each with few headers. */
#include "console/console_private.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BOUNDARY_MOST = 70, PART_HEAD_MOST = 2048 };

static int write_memfd(struct slice bytes, int *fd, struct err *e)
{
	*fd = memfd_create("postern-upload", MFD_CLOEXEC);
	if (*fd < 0)
		return err_set(e, ERR_NOMEM, "no memory for a file: %m");
	while (bytes.n) {
		ssize_t n = write(*fd, bytes.p, bytes.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(e, ERR_NOMEM, "no memory for a file: %m");
		bytes = slice_from(bytes, (size_t)n);
	}
	return lseek(*fd, 0, SEEK_SET) < 0 ? err_set(e, ERR_IO, "%m") : 0;
}

/* boundary=... of the Content-Type. */
static struct slice boundary_of(struct slice type)
{
	for (bool more = true; more;) {
		struct slice part;
		more = slice_cut(&type, ';', &part);
		part = slice_trim(more ? part : type);
		if (!slice_istarts(part, SL("boundary=")))
			continue;
		part = slice_from(part, 9);
		return part.n >= 2 && part.p[0] == '"' && part.p[part.n - 1] == '"' ? slice_make(part.p + 1, part.n - 2) : part;
	}
	return SLICE_NONE;
}

/* name="..." of a Content-Disposition; browsers write %22 for a quote. False: it is not there. */
static bool parameter(struct slice line, const char *name, struct slice *out)
{
	struct slice want = slice_of(name);
	for (ssize_t at; (at = slice_ifind(line, want)) >= 0; line = slice_from(line, (size_t)at + 1)) {
		struct slice rest = slice_from(line, (size_t)at + want.n);
		if (at == 0 || (line.p[at - 1] != ' ' && line.p[at - 1] != ';') || rest.n < 2 || rest.p[0] != '=' || rest.p[1] != '"')
			continue;
		rest = slice_from(rest, 2);
		ssize_t end = slice_chr(rest, '"');
		*out = slice_to(rest, end < 0 ? 0 : (size_t)end);
		return end >= 0;
	}
	return false;
}

struct part_head {
	struct slice name, file;
	bool is_file;
};

static int take_head(struct slice head, struct part_head *out, struct err *e)
{
	*out = (struct part_head){0};
	while (head.n) {
		struct slice line;
		if (!slice_cut(&head, '\n', &line)) {
			line = head;
			head = SLICE_NONE;
		}
		line = slice_trim(line);
		if (!slice_istarts(line, SL("content-disposition:")))
			continue;
		if (!parameter(line, "name", &out->name))
			return err_set(e, ERR_SYNTAX, "a part of the form without a name");
		out->is_file = parameter(line, "filename", &out->file);
	}
	if (!out->name.n || out->name.n > FORM_FIELD_NAME)
		return err_set(e, ERR_SYNTAX, "a part of the form without a name, or with a long one");
	if (!slice_utf8(out->name) || !slice_utf8(out->file) || slice_chr(out->name, 0) >= 0 || slice_chr(out->file, 0) >= 0 || out->file.n > 1024)
		return err_set(e, ERR_SYNTAX, "a name that is not UTF-8, or too long");
	return 0;
}

static int take_field(struct slice name, struct slice value, struct arena *mem, struct parts *out, struct err *e)
{
	if (out->nform == PAGE_FIELDS)
		return err_set(e, ERR_LIMIT, "more than %d fields", PAGE_FIELDS);
	if (value.n > PAGE_FORM_BYTES)
		return err_set(e, ERR_LIMIT, "a field is longer than %d bytes", PAGE_FORM_BYTES);
	if (!slice_utf8(value) || slice_chr(value, 0) >= 0)
		return err_set(e, ERR_SYNTAX, "text that is not UTF-8");
	char *to = arena_alloc(mem, value.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] != '\r')
			to[n++] = value.p[i];
		else if (i + 1 == value.n || value.p[i + 1] != '\n')
			to[n++] = '\n';
	out->form[out->nform++] = (struct field){slice_dup(mem, name), slice_make(to, n)};
	return 0;
}

static int take_part(struct slice head, struct slice value, struct arena *mem, struct parts *out, struct err *e)
{
	struct part_head h;
	int rc = head.n > PART_HEAD_MOST ? err_set(e, ERR_LIMIT, "a part of the form with a long header") : take_head(head, &h, e);
	if (rc || !h.is_file)
		return rc ? rc : take_field(h.name, value, mem, out, e);
	if (!h.file.n && !value.n) /* a field for a file that was left empty */
		return 0;
	if (out->nuploads == PAGE_UPLOADS)
		return err_set(e, ERR_LIMIT, "more than %d files", PAGE_UPLOADS);
	struct upload *u = &out->uploads[out->nuploads];
	*u = (struct upload){.field = slice_dup(mem, h.name), .name = slice_dup(mem, h.file), .fd = -1, .size = value.n};
	rc = write_memfd(value, &u->fd, e);
	if (u->fd >= 0)
		out->nuploads++;
	return rc;
}

int request_multipart(struct slice type, struct slice body, struct arena *mem, struct parts *out, struct err *e)
{
	*out = (struct parts){.form = arena_alloc(mem, PAGE_FIELDS * sizeof *out->form), .uploads = arena_alloc(mem, PAGE_UPLOADS * sizeof *out->uploads)};
	struct slice boundary = boundary_of(type);
	char mark[BOUNDARY_MOST + 4] = "\r\n--";
	if (!boundary.n || boundary.n > BOUNDARY_MOST)
		return err_set(e, ERR_SYNTAX, "a form in parts without a boundary");
	memcpy(mark + 4, boundary.p, boundary.n);
	const struct slice between = slice_make(mark, boundary.n + 4), first = slice_from(between, 2);
	if (!slice_starts(body, first))
		return err_set(e, ERR_SYNTAX, "a form in parts that does not begin with its boundary");
	body = slice_from(body, first.n);
	while (!slice_starts(body, SL("--"))) {
		if (!slice_starts(body, SL("\r\n")))
			return err_set(e, ERR_SYNTAX, "a boundary that is none");
		body = slice_from(body, 2);
		ssize_t blank = slice_find(slice_to(body, PART_HEAD_MOST + 4), SL("\r\n\r\n"));
		if (blank < 0)
			return err_set(e, ERR_SYNTAX, "a part of the form without end of its header");
		struct slice head = slice_to(body, (size_t)blank);
		body = slice_from(body, (size_t)blank + 4);
		ssize_t end = slice_find(body, between);
		if (end < 0)
			return err_set(e, ERR_SYNTAX, "a part of the form that does not end");
		int rc = take_part(head, slice_to(body, (size_t)end), mem, out, e);
		if (rc)
			return rc;
		body = slice_from(body, (size_t)end + between.n);
	}
	return 0;
}

void parts_close(struct parts *p)
{
	for (size_t i = 0; i < p->nuploads; i++)
		close(p->uploads[i].fd);
	p->nuploads = 0;
}
