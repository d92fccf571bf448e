/* exports.c - what a machine gives to others over NFS (exports(5)). */
#include "snapshot/snapshot_private.h"
#include "snapshot/system_private.h"

/* "host(opts)" */
static void one_client(struct collector *c, struct snap_at at, struct slice path, struct slice word, struct slice usual)
{
	struct slice client = word, options = usual;
	ssize_t open = slice_chr(word, '(');
	if (open >= 0) {
		client = slice_to(word, (size_t)open);
		struct slice own = slice_from(word, (size_t)open + 1);
		if (slice_ends(own, SL(")")))
			own.n--;
		options = usual.n ? slice_of(collect_path(c, "%.*s,%.*s", SLFMT(usual), SLFMT(own))) : own;
	}
	struct snap_export *r = collect_row(c, SNAP_K_export);
	*r = (struct snap_export){.at = at, .path = collect_text(c, path), .client = client.n ? collect_text(c, client) : SL("*"), .options = collect_text(c, options),
				  .root_squash = SNAP_YES, .writable = SNAP_NO};
	for (struct slice o; options.n;) {
		if (!slice_cut(&options, ',', &o)) {
			o = options;
			options = SLICE_NONE;
		}
		o = slice_trim(o);
		if (slice_eqz(o, "no_root_squash"))
			r->root_squash = SNAP_NO;
		else if (slice_eqz(o, "root_squash") || slice_eqz(o, "all_squash"))
			r->root_squash = SNAP_YES;
		else if (slice_eqz(o, "rw") || slice_eqz(o, "ro"))
			r->writable = o.p[1] == 'w' ? SNAP_YES : SNAP_NO;
	}
}

static void exports_rows(struct collector *c, struct slice text, const char *file)
{
	struct lines l = lines_of(text, true);
	struct slice line;
	struct buf path = {0}, word = {0};
	while (lines_next(&l, &line)) {
		ssize_t hash = slice_chr(line, '#');
		struct slice t = slice_trim(hash >= 0 ? slice_to(line, (size_t)hash) : line), usual = SLICE_NONE;
		if (!t.n || !shell_word(&t, &path) || !path.n || path.p[0] != '/')
			continue;
		struct snap_at at = collect_at(c, file, l.line);
		size_t clients = 0;
		while (shell_word(&t, &word) && clients < 1000) {
			struct slice w = buf_slice(&word);
			if (w.n > 1 && w.p[0] == '-' && w.p[1] != '(') {
				usual = slice_dup(&c->scratch, slice_from(w, 1));
				continue;
			}
			one_client(c, at, buf_slice(&path), w, usual);
			clients++;
		}
		if (!clients)
			one_client(c, at, buf_slice(&path), SL("*"), usual);
	}
	lines_free(&l);
	buf_free(&path);
	buf_free(&word);
}

int collect_exports(struct collector *c)
{
	struct buf b = {0};
	struct slice *names;
	size_t n = 0;
	struct stat st;
	/* Without a server nothing is exported. */
	if (below_stat(c, "/usr/sbin/exportfs", false, &st) && below_stat(c, "/usr/sbin/rpc.nfsd", false, &st) && below_stat(c, "/usr/bin/ganesha.nfsd", false, &st))
		return 0;
	if (below_read(c, "/etc/exports", COLLECT_FILE_MAX, "export", NULL, &b, NULL, NULL))
		exports_rows(c, buf_slice(&b), "/etc/exports");
	if (below_names(c, "/etc/exports.d", "export", NULL, &names, &n))
		for (size_t i = 0; i < n; i++) {
			const char *p = collect_path(c, "/etc/exports.d/%.*s", SLFMT(names[i]));
			if (slice_ends(names[i], SL(".exports")) && names[i].p[0] != '.' && below_read(c, p, COLLECT_FILE_MAX, "export", NULL, &b, NULL, NULL))
				exports_rows(c, buf_slice(&b), p);
		}
	buf_free(&b);
	return 0;
}
