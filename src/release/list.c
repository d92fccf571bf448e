/* list.c - the release list: who may sign, where, and what becomes of the rest. */
#include "release/release.h"
#include "yaml/yaml.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIST_BYTES = 1 << 20, LIST_NODES = 20000, BLOB_MAX = 4096, FOLDERS_MAX = 64, PATTERN_LEAST = 3 };
#define VALIDITY_DEFAULT (30 * NS_DAY)
#define UNFINISHED_DEFAULT (5 * NS_MIN)
#define RESCAN_DEFAULT (NS_HOUR)
#define SIZE_DEFAULT ((uint64_t)20000000000)

struct reading {
	struct release_list *l;
	const char *file;
	struct err *e;
};

static int wrong(struct reading *r, const struct node *n, int code, const char *text)
{
	return err_at(r->e, code, r->file, n->line, n->column, "%s", text);
}

/* ---- keys ------------------------------------------------------------------------------------------------------------------ */

static const char *const types[] = {"ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa",
	"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"};

/* Certificates and authorities are no keys of a person; the name of the type stands in the blob once more. */
static bool key_of_line(struct slice line, struct release_key *out)
{
	unsigned char raw[BLOB_MAX], sum[32];
	size_t n;
	char text[64];
	bool known = false;
	if (!slice_word(&line, &out->type) || !slice_word(&line, &out->blob))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		known |= slice_eqz(out->type, types[i]);
	if (!known || sodium_base642bin(raw, sizeof raw, out->blob.p, out->blob.n, NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) || n < 4 + out->type.n)
		return false;
	if (raw[0] || raw[1] || raw[2] || raw[3] != out->type.n || memcmp(raw + 4, out->type.p, out->type.n) != 0)
		return false;
	crypto_hash_sha256(sum, raw, n);
	sodium_bin2base64(text, sizeof text, sum, sizeof sum, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	memcpy(out->fingerprint, "SHA256:", 7);
	memcpy(out->fingerprint + 7, text, strlen(text) + 1);
	return true;
}

static const struct release_person *owner(const struct release_list *l, size_t npeople, const char *fingerprint)
{
	for (size_t i = 0; i < npeople; i++)
		for (size_t k = 0; k < l->people[i].nkeys; k++)
			if (strcmp(l->people[i].keys[k].fingerprint, fingerprint) == 0)
				return &l->people[i];
	return NULL;
}

int release_key_owner(const struct release_list *l, struct slice line, const struct release_person **out, struct err *e)
{
	struct release_key k;
	if (!key_of_line(slice_trim(line), &k))
		return err_set(e, ERR_SYNTAX, "not a public key of a kind that can sign releases");
	*out = owner(l, l->npeople, k.fingerprint);
	return *out ? 0 : err_set(e, ERR_NOENT, "key %s is nobody's on the release list", k.fingerprint);
}

static int read_keys(struct reading *r, const struct node *n, size_t person)
{
	struct release_person *p = &r->l->people[person];
	if (n->kind != NODE_LIST || n->n == 0 || n->n > RELEASE_KEYS_MAX)
		return wrong(r, n, ERR_TYPE, "keys: a list of 1 to 16 public keys");
	p->keys = arena_alloc(&r->l->mem, n->n * sizeof *p->keys);
	for (const struct node *k = n->child; k; k = k->next) {
		struct release_key *to = &p->keys[p->nkeys];
		if (k->kind != NODE_SCALAR || !key_of_line(slice_dup(&r->l->mem, slice_trim(k->text)), to))
			return wrong(r, k, ERR_SYNTAX, "not a public key (\"ssh-ed25519 AAAA...\"; no options, no certificates)");
		if (owner(r->l, person + 1, to->fingerprint))
			return wrong(r, k, ERR_DUP, "this key is on the list already: one key is one person's");
		p->nkeys++;
	}
	return 0;
}

/* ---- people ---------------------------------------------------------------------------------------------------------------- */

/* One word that no pattern hides in: allowed_signers would take "*@example.org" for everybody. */
static bool is_word(struct slice s, const char *more, size_t most)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || strchr(more, c)) || c == 0)
			return false;
	}
	return s.n && s.n <= most && s.p[0] != '-' && s.p[0] != '.';
}

static int read_text(struct reading *r, const struct node *n, struct slice *out)
{
	int rc = yaml_text(n, r->file, out, r->e);
	if (!rc)
		*out = slice_dup(&r->l->mem, *out);
	return rc;
}

static int read_names(struct reading *r, const struct node *n, struct release_person *p)
{
	const struct node *id = yaml_get(n, "id"), *name = yaml_get(n, "name"), *principal = yaml_get(n, "principal");
	if (!id || !name || !principal || !yaml_get(n, "keys"))
		return wrong(r, n, ERR_SYNTAX, "a person has id, name, principal and keys");
	int rc = read_text(r, id, &p->id);
	if (!rc)
		rc = read_text(r, name, &p->name);
	if (!rc)
		rc = read_text(r, principal, &p->principal);
	if (rc)
		return rc;
	if (!is_word(p->id, "_-", 32))
		return wrong(r, id, ERR_SYNTAX, "id: letters, digits, - and _, at most 32");
	if (!is_word(p->principal, "@._+-", 128))
		return wrong(r, principal, ERR_SYNTAX, "principal: letters, digits and @ . _ + -; no patterns, no lists");
	for (const struct release_person *o = r->l->people; o < p; o++)
		if (slice_ieq(o->id, p->id) || slice_ieq(o->name, p->name) || slice_ieq(o->principal, p->principal))
			return wrong(r, n, ERR_DUP, "this person is on the list already (id, name and principal are one person's)");
	return 0;
}

static int read_people(struct reading *r, const struct node *n)
{
	static const char *const keys[] = {"id", "name", "principal", "keys", "revoked", NULL};
	if (n->kind != NODE_LIST || n->n > RELEASE_PEOPLE_MAX)
		return wrong(r, n, ERR_TYPE, "people: a list of at most 64 people");
	r->l->people = arena_alloc(&r->l->mem, (n->n + 1) * sizeof *r->l->people);
	for (const struct node *c = n->child; c; c = c->next) {
		struct release_person *p = &r->l->people[r->l->npeople];
		*p = (struct release_person){0};
		int rc = yaml_keys(c, r->file, keys, r->e);
		if (!rc)
			rc = read_names(r, c, p);
		if (!rc)
			rc = read_keys(r, yaml_get(c, "keys"), r->l->npeople);
		if (!rc && yaml_get(c, "revoked"))
			rc = yaml_bool(yaml_get(c, "revoked"), r->file, &p->revoked, r->e);
		if (rc)
			return rc;
		r->l->npeople++;
	}
	return 0;
}

const struct release_person *release_person(const struct release_list *l, struct slice id)
{
	for (size_t i = 0; i < l->npeople; i++)
		if (slice_eq(l->people[i].id, id))
			return &l->people[i];
	return NULL;
}

/* ---- folders and patterns ---------------------------------------------------------------------------------------------------- */

static bool is_inside(struct slice path, struct slice folder)
{
	return slice_starts(path, folder) && (path.n == folder.n || path.p[folder.n] == '/');
}

struct slice release_folder_of(const struct release_list *l, struct slice path)
{
	for (size_t i = 0; i < l->nfolders; i++)
		if (is_inside(path, l->folders[i]))
			return l->folders[i];
	return SLICE_NONE;
}

/* "/srv/patches": absolute, no "//", "." or ".." in it, no slash at the end, not / itself. */
static bool is_plain_path(struct slice p)
{
	if (p.n < 2 || p.n > 4000 || p.p[0] != '/' || memchr(p.p, 0, p.n))
		return false;
	struct slice rest = slice_from(p, 1), part;
	while (slice_cut(&rest, '/', &part))
		if (!part.n || slice_eqz(part, ".") || slice_eqz(part, ".."))
			return false;
	return rest.n && !slice_eqz(rest, ".") && !slice_eqz(rest, "..");
}

/* "*" would exempt everything, "*.*" nearly. */
static bool is_narrow(struct slice s)
{
	size_t plain = 0;
	for (size_t i = 0; i < s.n; i++)
		plain += !strchr("*?[]!\\.-^", s.p[i]);
	return plain >= PATTERN_LEAST && s.n <= RELEASE_NAME_MAX && slice_chr(s, '/') < 0 && slice_chr(s, 0) < 0;
}

static int read_list(struct reading *r, const struct node *n, bool (*ok)(struct slice), const char *said, struct slice **out, size_t *count)
{
	int rc = yaml_texts(n, r->file, &r->l->mem, out, count, r->e);
	if (rc)
		return rc;
	if (*count > FOLDERS_MAX)
		return wrong(r, n, ERR_LIMIT, "more than 64 entries");
	for (size_t i = 0; i < *count; i++) {
		(*out)[i] = slice_dup(&r->l->mem, (*out)[i]);
		if (!ok((*out)[i]))
			return wrong(r, n, ERR_SYNTAX, said);
	}
	return 0;
}

bool release_is_exempt(const struct release_list *l, struct slice name)
{
	char z[RELEASE_NAME_MAX + 1];
	if (name.n > RELEASE_NAME_MAX)
		return false;
	memcpy(z, name.p, name.n);
	z[name.n] = 0;
	for (size_t i = 0; i < l->nexempt; i++)
		if (fnmatch(l->exempt[i].p, z, FNM_PERIOD) == 0)
			return true;
	return false;
}

/* ---- the whole ---------------------------------------------------------------------------------------------------------------- */

static int read_settings(struct reading *r, const struct node *root)
{
	struct release_list *l = r->l;
	const struct node *n;
	int rc = 0;
	if ((n = yaml_get(root, "validity")) != NULL)
		rc = yaml_duration(n, r->file, NS_MIN, 400 * NS_DAY, &l->validity, r->e);
	if (!rc && (n = yaml_get(root, "unfinished")) != NULL)
		rc = yaml_duration(n, r->file, NS_SEC, NS_DAY, &l->unfinished, r->e);
	if (!rc && (n = yaml_get(root, "rescan")) != NULL)
		rc = yaml_duration(n, r->file, NS_SEC, 7 * NS_DAY, &l->rescan, r->e);
	if (!rc && (n = yaml_get(root, "size_most")) != NULL)
		rc = yaml_size(n, r->file, 1, (uint64_t)1 << 50, &l->size_most, r->e);
	if (!rc && (n = yaml_get(root, "exempt")) != NULL)
		rc = read_list(r, n, is_narrow, "exempt: patterns of names with at least 3 letters or digits in them, without /", &l->exempt, &l->nexempt);
	if (!rc && (n = yaml_get(root, "quarantine")) != NULL) {
		rc = read_text(r, n, &l->quarantine);
		if (!rc && (!is_plain_path(l->quarantine) || release_folder_of(l, l->quarantine).n))
			return wrong(r, n, ERR_SYNTAX, "quarantine: an absolute path outside the folders that are released from");
	}
	return rc;
}

int release_list_read(struct slice yaml, const char *file, struct release_list *out, struct err *e)
{
	static const char *const keys[] = {"people", "folders", "exempt", "quarantine", "validity", "unfinished", "rescan", "size_most", NULL};
	struct yaml_options o = {.max_bytes = LIST_BYTES, .max_nodes = LIST_NODES};
	struct reading r = {.l = out, .file = file, .e = e};
	struct arena tree;
	struct node *root = NULL;
	*out = (struct release_list){.quarantine = SL("/var/lib/postern/quarantine"), .validity = VALIDITY_DEFAULT, .unfinished = UNFINISHED_DEFAULT,
		.rescan = RESCAN_DEFAULT, .size_most = SIZE_DEFAULT};
	arena_init(&out->mem);
	arena_init(&tree);
	int rc = yaml_read(yaml, file, &o, &tree, &root, e);
	if (!rc && !root)
		rc = err_at(e, ERR_SYNTAX, file, 1, 1, "the release list is empty");
	if (!rc)
		rc = yaml_keys(root, file, keys, e);
	if (!rc && (!yaml_get(root, "people") || !yaml_get(root, "folders")))
		rc = wrong(&r, root, ERR_SYNTAX, "a release list has people and folders");
	if (!rc)
		rc = read_people(&r, yaml_get(root, "people"));
	if (!rc)
		rc = read_list(&r, yaml_get(root, "folders"), is_plain_path, "folders: absolute paths without . and .., not /", &out->folders, &out->nfolders);
	if (!rc)
		rc = read_settings(&r, root);
	arena_free(&tree);
	return rc;
}

/* Whoever can write the list can release anything. */
static int check_owner(int fd, const char *path, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return err_set(e, ERR_TYPE, "%s is not a plain file", path);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 022))
		return err_set(e, ERR_PERM, "%s can be written by others: it has to be root's, mode 0644 or less", path);
	return st.st_size <= LIST_BYTES ? 0 : err_set(e, ERR_LIMIT, "%s has more than %d bytes", path, LIST_BYTES);
}

int release_list_load(const char *path, struct release_list *out, struct err *e)
{
	char part[8192];
	struct buf text = {0};
	ssize_t n = 0;
	*out = (struct release_list){0};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_set(e, ERR_NOENT, "cannot open the release list %s: %m", path);
	int rc = check_owner(fd, path, e);
	while (!rc && text.n <= LIST_BYTES && (n = read(fd, part, sizeof part)) > 0)
		buf_add(&text, part, (size_t)n);
	close(fd);
	if (!rc && n < 0)
		rc = err_set(e, ERR_IO, "cannot read %s: %m", path);
	if (!rc)
		rc = release_list_read(buf_slice(&text), path, out, e);
	buf_free(&text);
	return rc;
}

void release_list_free(struct release_list *l)
{
	arena_free(&l->mem);
	*l = (struct release_list){0};
}
