/* products.c - the list of known products and who signs them: files in YAML, later ones added to earlier ones. */
#include "lure/lure.h"

#include "yaml/yaml.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20, NODES_MAX = 60000, PRODUCTS_MAX = 2000, WORDS_MAX = 50, WORD_LEAST = 3, WORD_MOST = 100 };

struct product { struct slice name, *words, *signers; size_t nwords, nsigners; };
struct lure_products {
	struct arena mem;
	struct { struct product *v; size_t n, cap; } list;
};

struct lure_products *lure_products_new(void)
{
	struct lure_products *p = xcalloc(1, sizeof *p);
	arena_init(&p->mem);
	return p;
}

void lure_products_free(struct lure_products *p)
{
	if (!p)
		return;
	arena_free(&p->mem);
	free(p->list.v);
	free(p);
}

static int copy_texts(struct lure_products *p, const struct node *n, const char *file, struct slice **out, size_t *count, struct err *e)
{
	*out = NULL;
	*count = 0;
	if (!n || (n->kind == NODE_LIST && !n->n))
		return 0;
	int rc = yaml_texts(n, file, &p->mem, out, count, e);
	if (!rc && *count > WORDS_MAX)
		return err_at(e, ERR_LIMIT, file, n->line, n->column, "more than %d texts", WORDS_MAX);
	const struct node *item = n->kind == NODE_LIST ? n->child : n;
	for (size_t i = 0; i < *count && !rc; i++, item = item->next) {
		(*out)[i] = slice_dup(&p->mem, slice_trim((*out)[i]));
		if ((*out)[i].n < WORD_LEAST || (*out)[i].n > WORD_MOST)
			rc = err_at(e, ERR_RANGE, file, item->line, item->column, "a text of %d to %d letters expected: a shorter one would be in anything", WORD_LEAST, WORD_MOST);
	}
	return rc;
}

static int read_product(struct lure_products *p, const struct node *n, const char *file, struct err *e)
{
	static const char *const keys[] = {"name", "words", "signers", NULL};
	struct product x = {0};
	int rc = yaml_keys(n, file, keys, e);
	const struct node *name = rc ? NULL : yaml_get(n, "name"), *words = rc ? NULL : yaml_get(n, "words");
	if (!rc && (!name || !words))
		return err_at(e, ERR_TYPE, file, n->line, n->column, "a product needs name: and words: (words: [] takes one of ours out)");
	if (!rc)
		rc = yaml_text(name, file, &x.name, e);
	if (!rc && x.name.n > WORD_MOST)
		return err_at(e, ERR_RANGE, file, name->line, name->column, "a name of at most %d bytes expected", WORD_MOST);
	x.name = slice_dup(&p->mem, x.name);
	if (!rc)
		rc = copy_texts(p, words, file, &x.words, &x.nwords, e);
	if (!rc)
		rc = copy_texts(p, yaml_get(n, "signers"), file, &x.signers, &x.nsigners, e);
	if (rc)
		return rc;
	for (size_t i = 0; i < p->list.n; i++)
		if (slice_ieq(p->list.v[i].name, x.name)) {
			p->list.v[i] = x;
			return 0;
		}
	if (p->list.n == PRODUCTS_MAX)
		return err_at(e, ERR_LIMIT, file, n->line, n->column, "more than %d products", PRODUCTS_MAX);
	*vec_push(&p->list) = x;
	return 0;
}

int lure_products_parse(struct lure_products *p, struct slice yaml, const char *file, struct err *e)
{
	static const char *const keys[] = {"products", NULL};
	const struct yaml_options opt = {.max_bytes = FILE_MAX, .max_nodes = NODES_MAX};
	struct arena mem;
	struct node *root = NULL;
	arena_init(&mem);
	int rc = yaml_read(yaml, file, &opt, &mem, &root, e);
	if (!rc && root)
		rc = yaml_keys(root, file, keys, e);
	const struct node *list = rc || !root ? NULL : yaml_get(root, "products");
	if (list && list->kind != NODE_LIST)
		rc = err_at(e, ERR_TYPE, file, list->line, list->column, "a list of products expected (- name: ..., words: [...], signers: [...])");
	for (const struct node *n = rc || !list ? NULL : list->child; n && !rc; n = n->next)
		rc = read_product(p, n, file, e);
	arena_free(&mem);
	return rc;
}

int lure_products_load(struct lure_products *p, const char *file, struct err *e)
{
	struct buf b = {0};
	char piece[16384];
	ssize_t got = -1;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY), rc = 0;
	while (fd >= 0 && b.n <= FILE_MAX && (got = read(fd, piece, sizeof piece)) > 0)
		buf_add(&b, piece, (size_t)got);
	if (fd < 0 || got < 0)
		rc = err_set(e, ERR_IO, "%s: %m", file);
	if (fd >= 0)
		close(fd);
	if (!rc)
		rc = lure_products_parse(p, buf_slice(&b), file, e);
	buf_free(&b);
	return rc;
}

static bool any_in(struct slice text, const struct slice *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_ihas(text, words[i]))
			return true;
	return false;
}

bool lure_product_claimed(const struct lure_products *p, const struct slice *texts, size_t n, struct slice signer, struct lure_claim *out)
{
	for (size_t i = 0; p && i < p->list.n; i++) {
		const struct product *x = &p->list.v[i];
		for (size_t k = 0; k < n; k++)
			if (texts[k].n && any_in(texts[k], x->words, x->nwords)) {
				*out = (struct lure_claim){x->name, texts[k], signer.n && any_in(signer, x->signers, x->nsigners)};
				return true;
			}
	}
	return false;
}
