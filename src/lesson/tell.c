/* tell.c - what others may know: records for who checks, figures of teams that hide nobody's own. */
#include "lesson/book_private.h"

#include <math.h>
#include <stdlib.h>

/* ---- export ---------------------------------------------------------------------------------------------------------------------------------------- */

struct exporting { lesson_record_fn *fn; void *arg; };

static int export_row(void *arg, const struct vault_row *r)
{
	struct exporting *x = arg;
	struct lesson_record rec = {.user = vault_text(r, 0), .shown = vault_text(r, 1), .team = vault_text(r, 2), .unit = vault_text(r, 3), .assigned = vault_time(r, 4), .due = vault_time(r, 5),
		.completed = vault_time(r, 6)};
	if (vault_text(r, 7).n)
		book_certificate(r, 7, &rec.certificate);
	return x->fn(x->arg, &rec);
}

int lesson_export(struct lesson_book *b, lesson_record_fn *fn, void *arg, struct err *e)
{
	struct exporting x = {fn, arg};
	return vault_run(b->vault,
		"SELECT l.user,l.shown,l.team,p.unit,p.made,p.due,c.time,coalesce(k.id,''),k.issued,k.until,k.first,k.second FROM "
		"(SELECT user,unit,min(made) made,min(due) due FROM (SELECT l.user,a.unit,a.made,a.due FROM learner l, assignment a WHERE " ASSIGNED " UNION ALL SELECT user,unit,NULL,NULL FROM completion) GROUP BY user,unit) p "
		"JOIN learner l ON l.user=p.user LEFT JOIN completion c ON c.user=p.user AND c.unit=p.unit "
		"LEFT JOIN certificate k ON k.user=p.user AND k.unit=p.unit AND k.issued=(SELECT max(issued) FROM certificate WHERE user=p.user AND unit=p.unit) ORDER BY l.user,p.unit",
		export_row, &x, e, "");
}

/* ---- teams ------------------------------------------------------------------------------------------------------------------------------------------- */

/* People who took part in each kind: figures of fewer than TEAM_LEAST are nobody's business. */
struct group { struct lesson_team t; struct buf name; unsigned assignees, talkers, honest, spotters, answerers; };
struct groups { struct group *v; size_t n, cap; };

static struct group *group_of(struct groups *g, struct slice name)
{
	for (size_t i = 0; i < g->n; i++)
		if (slice_eq(buf_slice(&g->v[i].name), name))
			return &g->v[i];
	struct group *x = vec_push(g);
	*x = (struct group){0};
	buf_adds(&x->name, name);
	return x;
}

static int take_people(void *arg, const struct vault_row *r)
{
	group_of(arg, vault_text(r, 0))->t.people = (unsigned)vault_int(r, 1);
	return 0;
}

static int take_assigned(void *arg, const struct vault_row *r)
{
	struct group *x = group_of(arg, vault_text(r, 0));
	x->t.assigned = (unsigned)vault_int(r, 1);
	x->t.done = (unsigned)vault_int(r, 2);
	x->t.overdue = (unsigned)vault_int(r, 3);
	x->assignees = (unsigned)vault_int(r, 4);
	return 0;
}

static int take_talks(void *arg, const struct vault_row *r)
{
	struct group *x = group_of(arg, vault_text(r, 0));
	x->talkers = (unsigned)vault_int(r, 1);
	x->t.talks = (unsigned)vault_int(r, 2);
	x->t.reported = (unsigned)vault_int(r, 3);
	x->t.benign = (unsigned)vault_int(r, 4);
	x->t.suspicious = (unsigned)vault_int(r, 5);
	for (int i = 0; i < 6; i++)
		x->t.stop[i] = (unsigned)vault_int(r, 6 + i);
	x->honest = (unsigned)vault_int(r, 12);
	return 0;
}

static int take_spots(void *arg, const struct vault_row *r)
{
	struct group *x = group_of(arg, vault_text(r, 0));
	x->spotters = (unsigned)vault_int(r, 1);
	x->t.hits = (unsigned)vault_int(r, 2);
	x->t.misses = (unsigned)vault_int(r, 3);
	x->t.alarms = (unsigned)vault_int(r, 4);
	x->t.quiet = (unsigned)vault_int(r, 5);
	return 0;
}

static int take_answers(void *arg, const struct vault_row *r)
{
	struct group *x = group_of(arg, vault_text(r, 0));
	x->answerers = (unsigned)vault_int(r, 1);
	x->t.answers = (unsigned)vault_int(r, 2);
	x->t.right = (unsigned)vault_int(r, 3);
	return 0;
}

/* Sums of each person's first tries, then of the teams: fewer rows to join. */
#define TALKS(whose)                                                                                                                                                                              \
	"SELECT l.team,sum(a>0),sum(a),sum(b),sum(c),sum(d),sum(s0),sum(s1),sum(s2),sum(s3),sum(s4),sum(s5),sum(c>0) FROM (SELECT user,sum(NOT benign) a,sum(reported AND NOT benign) b,sum(benign) c,"        \
	"sum(benign AND NOT sound) d,sum(NOT benign AND stop=0) s0,sum(NOT benign AND stop=1) s1,sum(NOT benign AND stop=2) s2,sum(NOT benign AND stop=3) s3,sum(NOT benign AND stop=4) s4,"          \
	"sum(NOT benign AND stop=5) s5 FROM result WHERE kind=1 AND isfirst" whose " GROUP BY user) r JOIN learner l ON l.user=r.user GROUP BY l.team"
#define SPOTS(whose)                                                                                                                                                                              \
	"SELECT l.team,count(*),sum(h),sum(m),sum(a),sum(q) FROM (SELECT user,sum(hits) h,sum(misses) m,sum(alarms) a,sum(quiet) q FROM result WHERE kind=2 AND isfirst" whose " GROUP BY user) r "  \
	"JOIN learner l ON l.user=r.user GROUP BY l.team"
#define ANSWERS(whose) "SELECT l.team,count(*),sum(n),sum(g) FROM (SELECT user,count(*) n,sum(isright) g FROM result WHERE kind=3" whose " GROUP BY user) r JOIN learner l ON l.user=r.user GROUP BY l.team"

static int gather(struct lesson_book *b, nstime now, struct groups *g, struct err *e)
{
	int rc = vault_run(b->vault, "SELECT team,count(*) FROM learner GROUP BY team ORDER BY team", take_people, g, e, "");
	if (!rc)
		rc = vault_run(b->vault,
			"SELECT p.team,count(*),sum(c.user IS NOT NULL),sum(c.user IS NULL AND p.due<?1),count(DISTINCT p.user) FROM (SELECT l.user,l.team,a.unit,min(a.due) due FROM learner l, assignment a WHERE " ASSIGNED " GROUP BY l.user,a.unit) p "
			"LEFT JOIN completion c ON c.user=p.user AND c.unit=p.unit AND c.until>?1 GROUP BY p.team",
			take_assigned, g, e, "t", now);
	if (!rc)
		rc = vault_run(b->vault, TALKS(""), take_talks, g, e, "");
	if (!rc)
		rc = vault_run(b->vault, SPOTS(""), take_spots, g, e, "");
	return rc ? rc : vault_run(b->vault, ANSWERS(""), take_answers, g, e, "");
}

static void free_groups(struct groups *g)
{
	for (size_t i = 0; i < g->n; i++)
		buf_free(&g->v[i].name);
	free(g->v);
}

int lesson_own(struct lesson_book *b, struct slice user, struct lesson_team *out, struct err *e)
{
	struct groups g = {0};
	int rc = vault_run(b->vault, TALKS(" AND user=?1"), take_talks, &g, e, "s", user);
	if (!rc)
		rc = vault_run(b->vault, SPOTS(" AND user=?1"), take_spots, &g, e, "s", user);
	if (!rc)
		rc = vault_run(b->vault, ANSWERS(" AND user=?1"), take_answers, &g, e, "s", user);
	*out = g.n ? g.v[0].t : (struct lesson_team){0};
	out->people = 1;
	lesson_sensitivity(out->hits, out->misses, out->alarms, out->quiet, &out->sensitivity, &out->bias);
	free_groups(&g);
	return rc;
}

/* Inverse of the normal distribution: Newton's steps on erfc(3), from 0; p within (0.001, 0.999). */
static double normal_inverse(double p)
{
	double x = 0;
	for (int i = 0; i < 60; i++) {
		double step = (0.5 * erfc(-x / sqrt(2.0)) - p) / (exp(-x * x / 2) / sqrt(2 * M_PI));
		x -= step > 1 ? 1 : step < -1 ? -1 : step;
	}
	return x;
}

void lesson_sensitivity(unsigned hits, unsigned misses, unsigned alarms, unsigned quiet, double *d, double *c)
{
	*d = *c = 0;
	if (hits + misses == 0 || alarms + quiet == 0)
		return;
	double h = normal_inverse((hits + 0.5) / (hits + misses + 1.0)), f = normal_inverse((alarms + 0.5) / (alarms + quiet + 1.0));
	*d = h - f;
	*c = -(h + f) / 2;
}

/* What is taken away from a sum can be told from it when it is little: hidden people are none, or enough. */
static bool may_sum(unsigned all, unsigned hidden)
{
	return all >= TEAM_LEAST && (hidden == 0 || hidden >= TEAM_LEAST);
}

static void add_to(struct group *all, const struct group *x)
{
	all->t.people += x->t.people;
	all->t.assigned += x->t.assigned;
	all->t.done += x->t.done;
	all->t.overdue += x->t.overdue;
	all->t.talks += x->t.talks;
	all->t.reported += x->t.reported;
	all->t.benign += x->t.benign;
	all->t.suspicious += x->t.suspicious;
	for (int i = 0; i < 6; i++)
		all->t.stop[i] += x->t.stop[i];
	all->t.hits += x->t.hits;
	all->t.misses += x->t.misses;
	all->t.alarms += x->t.alarms;
	all->t.quiet += x->t.quiet;
	all->t.answers += x->t.answers;
	all->t.right += x->t.right;
	all->assignees += x->assignees;
	all->talkers += x->talkers;
	all->honest += x->honest;
	all->spotters += x->spotters;
	all->answerers += x->answerers;
}

/* Sets what may not be shown to zero, so that nobody prints it by mistake. */
static void hide(struct lesson_team *t)
{
	if (!t->shown)
		*t = (struct lesson_team){.name = t->name, .all = t->all, .people = t->people};
	if (!t->assigned_shown)
		t->assigned = t->done = t->overdue = 0;
	if (!t->honest_shown)
		t->benign = t->suspicious = 0;
	if (!t->talk_shown) {
		t->talks = t->reported = 0;
		memset(t->stop, 0, sizeof t->stop);
	}
	if (!t->spot_shown)
		t->hits = t->misses = t->alarms = t->quiet = 0;
	if (!t->answer_shown)
		t->answers = t->right = 0;
	lesson_sensitivity(t->hits, t->misses, t->alarms, t->quiet, &t->sensitivity, &t->bias);
}

static int tell_groups(struct groups *g, lesson_team_fn *fn, void *arg)
{
	struct group all = {.t = {.all = true}};
	unsigned people = 0, assignees = 0, talkers = 0, honest = 0, spotters = 0, answerers = 0; /* who is hidden */
	int rc = 0;
	for (size_t i = 0; i < g->n; i++) {
		struct group *x = &g->v[i];
		struct lesson_team *t = &x->t;
		add_to(&all, x);
		t->name = buf_slice(&x->name);
		t->shown = t->people >= TEAM_LEAST;
		t->assigned_shown = t->shown && (!x->assignees || x->assignees >= TEAM_LEAST); /* of nobody: no secret */
		t->talk_shown = t->shown && x->talkers >= TEAM_LEAST;
		t->honest_shown = t->shown && x->honest >= TEAM_LEAST;
		t->spot_shown = t->shown && x->spotters >= TEAM_LEAST;
		t->answer_shown = t->shown && x->answerers >= TEAM_LEAST;
		people += t->shown ? 0 : t->people;
		assignees += t->assigned_shown ? 0 : x->assignees;
		talkers += t->talk_shown ? 0 : x->talkers;
		honest += t->honest_shown ? 0 : x->honest;
		spotters += t->spot_shown ? 0 : x->spotters;
		answerers += t->answer_shown ? 0 : x->answerers;
		hide(t);
		rc = rc ? rc : fn(arg, t);
	}
	all.t.shown = may_sum(all.t.people, people);
	all.t.assigned_shown = all.t.shown && (!all.assignees || may_sum(all.assignees, assignees));
	all.t.talk_shown = all.t.shown && may_sum(all.talkers, talkers);
	all.t.honest_shown = all.t.shown && may_sum(all.honest, honest);
	all.t.spot_shown = all.t.shown && may_sum(all.spotters, spotters);
	all.t.answer_shown = all.t.shown && may_sum(all.answerers, answerers);
	hide(&all.t);
	return rc ? rc : fn(arg, &all.t);
}

int lesson_teams(struct lesson_book *b, nstime now, lesson_team_fn *fn, void *arg, struct err *e)
{
	struct groups g = {0};
	int rc = gather(b, now, &g, e);
	if (!rc)
		rc = tell_groups(&g, fn, arg);
	free_groups(&g);
	return rc;
}

void lesson_team_json(const struct lesson_team *t, struct buf *out)
{
	buf_addz(out, "{\"team\":");
	if (t->all)
		buf_addz(out, "null");
	else
		buf_json(out, t->name);
	buf_addf(out, ",\"people\":%u,\"shown\":%s", t->people, t->shown ? "true" : "false");
	if (t->assigned_shown)
		buf_addf(out, ",\"assigned\":%u,\"done\":%u,\"overdue\":%u", t->assigned, t->done, t->overdue);
	if (t->talk_shown)
		buf_addf(out, ",\"conversations\":{\"first_tries\":%u,\"reported\":%u,\"stopped_at\":[%u,%u,%u,%u,%u]}", t->talks, t->reported, t->stop[1], t->stop[2], t->stop[3], t->stop[4], t->stop[5]);
	if (t->honest_shown)
		buf_addf(out, ",\"honest_contacts\":{\"first_tries\":%u,\"refused\":%u}", t->benign, t->suspicious);
	if (t->spot_shown)
		buf_addf(out, ",\"exhibits\":{\"hits\":%u,\"misses\":%u,\"false_alarms\":%u,\"correct_rejections\":%u,\"sensitivity\":%.3f,\"bias\":%.3f}", t->hits, t->misses, t->alarms, t->quiet, t->sensitivity, t->bias);
	if (t->answer_shown)
		buf_addf(out, ",\"questions\":{\"answered\":%u,\"right\":%u}", t->answers, t->right);
	buf_addc(out, '}');
}
