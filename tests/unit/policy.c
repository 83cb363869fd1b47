/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The top specification, one step at a time: from the state before a call, and its arguments, follows
 * the owner and state of every page, the meaning of every ipa of every VM, and which objects may differ.
 * Independent of how KCore does it: an array and a table that are wrong in the same way are found here.
 *
 * A view is what VM h finds at an ipa, packed: state (LEAF_*), prot, block or page, pfn. Private memory
 * of a DYING VM is none: nobody runs there again.
 */
#include <string.h>

#include <kcore/abi.h>
#include <kcore/calls.h>
#include <kcore/config.h>
#include <kcore/percpu.h>

#include "../../kcore/mm/desc.h"
#include "../../kcore/mm/page.h"
#include "../../kcore/vm/vm.h"
#include "fake.h"
#include "policy.h"

#define HANDLES 9u /* 1..8 are looked at */
#define BLOCKS  7u
#define PAGES   4096u

const char *const op_names[N_OPS] = {
	"VM_CREATE",
	"VM_RAM",
	"VM_TABLE",
	"VCPU_CREATE",
	"VM_TEARDOWN",
	"VM_FREE",
	"PAGE_RECLAIM",
	"DONATE",
	"LEND",
	"UNLEND",
	"LEND_PROT",
	"FORCE_RECLAIM",
	"VM_FLUSH",
	"VCPU_LOAD",
	"VCPU_PUT",
	"vm_seal",
	"guest_set_shared",
	"guest_set_ram",
	"guest_ipa_state",
	"guest_fault_kind",
	"guest_store",
	"STAT",
	"(KServ stores)",
	"(a guest stores)",
};

/* The 2 MiB blocks where the random calls map something. */
static const u64 base[BLOCKS] = {0, 512, 0x3fe00, 0x40000, 0x40200, 0x40400, IPA_PFNS - 512};

struct view {
	u64 at[BLOCKS][512];
};

struct state {
	u64 word[PAGES];
	struct view view[HANDLES];
	struct vm vms[HANDLES];
	struct vcpu vcpus[HANDLES][KC_MAX_VCPUS];
	struct percpu pcpu[NCPU];
};

static struct state kept[2];
static struct state *old = &kept[0];
static struct state *now = &kept[1];
static u64 changes = ~0ul; /* of the machine when old was taken */

#define V_STATE(v)            ((v)&7)
#define V_PROT(v)             (((v) >> 3) & 7)
#define V_BLOCK               (1ul << 6)
#define V_PFN(v)              ((v) >> 8)
#define VIEW(state, prot, pf) ((state) | (prot) << 3 | (u64)(pf) << 8)

#define WRONG(...) fake_breach(TRANSITION, __VA_ARGS__)

static u64 view_of(u64 d, u64 i, u32 block)
{
	u64 prot = ((d >> 6) & 3) | (((d >> 54) & 1) ^ 1) << 2;
	u64 pfn = (d & 0xfffffffff000ul) >> 12;

	if (!(d & 1))
		return (d >> 2) & 3;
	return VIEW((d >> 55) & 1 ? LEAF_PRIVATE : LEAF_LENT, prot, block ? pfn + i : pfn) |
	       (block ? V_BLOCK : 0);
}

/* The table that descriptor i of table t names, or NULL. */
static const u64 *next(const u64 *t, u64 i, u64 *d)
{
	*d = t ? t[i & 511] : 0;
	return (*d & 3) == 3 ? fake_words((*d & 0xfffffffff000ul) >> 12) : NULL;
}

static void look(u64 h, struct view *v)
{
	struct vm *m = &vms[h];
	u32 dying = m->state == VM_DYING;
	u32 b;
	u32 i;

	memset(v, 0, sizeof(*v));
	if (m->state == VM_FREE || (dying && m->n_lent == 0))
		return;
	for (b = 0; b < BLOCKS; b++) {
		u64 d;
		const u64 *l1 = fake_words(m->root + (base[b] >> 27));
		const u64 *l2 = next(l1, base[b] >> 18, &d);
		const u64 *l3 = next(l2, base[b] >> 9, &d);

		for (i = 0; (l3 || d) && i < 512; i++) {
			v->at[b][i] = view_of(l3 ? l3[i] : d, i, !l3);
			if (dying && V_STATE(v->at[b][i]) != LEAF_LENT)
				v->at[b][i] = 0;
		}
	}
}

static void take(struct state *s)
{
	u64 i;

	for (i = 0; i < fake_n_pages(); i++)
		s->word[i] = fake_meta(fake_page(i));
	for (i = 1; i < HANDLES; i++)
		look(i, &s->view[i]);
	memcpy(s->vms, vms, sizeof(s->vms));
	memcpy(s->vcpus, vcpus, sizeof(s->vcpus));
	memcpy(s->pcpu, pcpu, sizeof(s->pcpu));
}

void policy_keep(void)
{
	if (changes != fake_changes() || memcmp(old->vms, vms, sizeof(old->vms)))
		take(old);
	memcpy(old->vcpus, vcpus, sizeof(old->vcpus));
	memcpy(old->pcpu, pcpu, sizeof(old->pcpu));
	changes = fake_changes();
}

static u64 ram_of(const struct vm *v, u64 ipa)
{
	u32 i;

	for (i = 0; i < v->n_ram; i++)
		if (ipa - v->ram[i].base < v->ram[i].n)
			return v->ram[i].base + v->ram[i].n;
	return 0;
}

static u64 old_view(u64 h, u64 ipa)
{
	u32 b;

	for (b = 0; b < BLOCKS; b++)
		if (ipa - base[b] < 512)
			return old->view[h].at[b][ipa - base[b]];
	return 0;
}

static u64 pages_of(u64 order)
{
	return order == 9 ? 512 : 1;
}

/* [ipa] is in [from, to), or the lent block around it is, in part. */
static u32 covers(u64 v, u64 ipa, u64 from, u64 to)
{
	if (v & V_BLOCK)
		return (ipa & ~511ul) < to && from < (ipa | 511ul) + 1;
	return ipa >= from && ipa < to;
}

/* What the call makes of view v of its VM at ipa. */
static u64 view_after(const struct call *c, u64 ipa, u64 v)
{
	u64 done = pcpu[c->cpu].res1;
	u64 st = V_STATE(v);
	u32 prot = old->vms[c->h].is_protected;

	switch (c->op) {
	case DONATE:
		if (ipa - c->a >= pages_of(c->c))
			return v;
		if (v)
			WRONG("DONATE over 0x%lx at 0x%lx", v, ipa);
		return VIEW(LEAF_PRIVATE, 7ul, c->b + ipa - c->a);
	case LEND:
		if (ipa - c->a >= pages_of(c->c & 0xff))
			return v;
		if (v != (prot ? LEAF_SHARED : LEAF_UNUSED))
			WRONG("LEND over 0x%lx at 0x%lx", v, ipa);
		return VIEW(LEAF_LENT, c->c >> 8, c->b + ipa - c->a);
	case UNLEND:
		return st == LEAF_LENT && covers(v, ipa, c->a, done)
			       ? (prot ? LEAF_SHARED : LEAF_UNUSED)
			       : v;
	case PROT:
		return st == LEAF_LENT && covers(v, ipa, c->a, done)
			       ? VIEW(LEAF_LENT, c->c, V_PFN(v))
			       : v;
	case FORCE:
		return ipa == c->a ? LEAF_DESTROYED : v;
	case SHARE:
		return ipa >= c->a && ipa < done && st != LEAF_LENT ? LEAF_SHARED : v;
	case UNSHARE:
		if (ipa >= c->a && ipa < done && (st == LEAF_LENT || st == LEAF_SHARED))
			return LEAF_UNUSED;
		return v;
	case TEARDOWN:
		return st == LEAF_LENT ? v : 0;
	default:
		return v;
	}
}

/* The leaf at ipa becomes want: the page that it named, if it names none any more, is KServ's. */
static void leaf_gone(u64 *words, u64 v, u64 want)
{
	u64 *w = &words[fake_index(V_PFN(v))];

	if (V_STATE(v) < LEAF_PRIVATE || V_STATE(want) >= LEAF_PRIVATE)
		return;
	if (V_STATE(v) == LEAF_PRIVATE || *w >> 20 == 1)
		*w = PG_HOST;
	else
		*w -= 1ul << 20;
}

static void check_view(const struct call *c, u64 h, u64 ipa, u64 v, u64 got, u64 *words)
{
	u64 want = h == c->h && c->op != CREATE ? view_after(c, ipa, v) : v;

	if (old->vms[h].state == VM_DYING && V_STATE(want) != LEAF_LENT)
		want = 0;
	if ((want & ~V_BLOCK) != (got & ~V_BLOCK))
		WRONG("VM %lu at ipa 0x%lx: 0x%lx -> 0x%lx, not 0x%lx", h, ipa, v, got, want);
	if (c->op != TEARDOWN)
		leaf_gone(words, v, want);
}

/* Every view is as it was, or as the call makes it; words: of the pages whose leaves go, too. */
static void check_views(const struct call *c, u64 *words)
{
	u64 h;
	u64 b;
	u64 i;

	for (h = 1; h < HANDLES; h++)
		for (b = 0; b < BLOCKS; b++) {
			u64 *v = old->view[h].at[b];
			u64 *got = now->view[h].at[b];

			if ((h != c->h || c->op == CREATE) && !memcmp(v, got, 512 * sizeof(*v)))
				continue;
			for (i = 0; i < 512; i++)
				check_view(c, h, base[b] + i, v[i], got[i], words);
		}
}

/* Page p, in that state, is given to VM h, in another. */
static void give(u64 *words, u64 p, u64 word)
{
	u64 i = fake_index(p);

	if (i >= fake_n_pages() || words[i] != PG_HOST)
		WRONG("pfn 0x%lx, which is not KServ's to give", p);
	words[i] = word;
}

static void words_after(const struct call *c, u64 *words)
{
	u64 i;
	u64 w;

	switch (c->op) {
	case CREATE:
		for (i = 0; i < 2; i++)
			give(words, c->b + i, PG_VMCORE | pcpu[c->cpu].res1 << 4);
		break;
	case TABLE:
		give(words, c->b, PG_VMCORE | c->h << 4);
		break;
	case VCPU:
		give(words, c->b, PG_PINNED | c->h << 4);
		if (old->vms[c->h].is_protected)
			give(words, c->c, PG_CTX | c->h << 4);
		break;
	case DONATE:
		for (i = 0; i < pages_of(c->c); i++)
			give(words, c->b + i, PG_VM | c->h << 4 | (c->a + i) << 20);
		break;
	case LEND:
		for (i = 0; i < pages_of(c->c & 0xff); i++) {
			w = words[fake_index(c->b + i)];
			if ((w & 15) != PG_LENT)
				give(words, c->b + i, w = PG_LENT);
			words[fake_index(c->b + i)] = w + (1ul << 20);
		}
		break;
	case TEARDOWN:
		for (i = 0; i < fake_n_pages(); i++)
			if (words[i] == (PG_PINNED | c->h << 4))
				words[i] = PG_HOST;
		break;
	case RECLAIM:
		w = words[fake_index(c->b)];
		if ((w & 15) < PG_VM || ((w >> 4) & 0xffff) != c->h)
			WRONG("PAGE_RECLAIM of a page in state 0x%lx", w);
		words[fake_index(c->b)] = PG_HOST;
		break;
	default:
		break;
	}
}

static u32 live(u64 h)
{
	return old->vms[h].state == VM_NEW || old->vms[h].state == VM_SEALED;
}

static u32 loaded(u64 h)
{
	u32 c;
	u32 n = 0;

	for (c = 0; c < NCPU; c++)
		n += old->pcpu[c].vm == h;
	return n;
}

static u64 owned(u64 h)
{
	u64 n = 0;
	u64 i;

	for (i = 0; i < fake_n_pages(); i++)
		n += (old->word[i] & 15) >= PG_VM && ((old->word[i] >> 4) & 0xffff) == h;
	return n;
}

static u64 lent(u64 h)
{
	u64 n = 0;
	u64 i;

	for (i = 0; i < BLOCKS * 512ul; i++)
		n += V_STATE(old->view[h].at[i / 512][i % 512]) == LEAF_LENT;
	return n;
}

#define NEED(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond))                                                                       \
			WRONG("%s succeeds without: %s", op_names[c->op], #cond);                  \
	} while (0)

/* What must be so, or the call may not succeed. */
static void check_allowed(const struct call *c)
{
	struct vm *v = &old->vms[c->h];
	u64 i;

	switch (c->op) {
	case CREATE:
		NEED((c->b & 1) == 0 && pcpu[c->cpu].res1 != 0);
		NEED(pcpu[c->cpu].res1 >= HANDLES || old->vms[pcpu[c->cpu].res1].state == VM_FREE);
		break;
	case RAM:
		NEED(v->state == VM_NEW && v->is_protected);
		for (i = 0; i < v->n_ram; i++)
			NEED(c->a + c->b <= v->ram[i].base || v->ram[i].base + v->ram[i].n <= c->a);
		break;
	case TABLE:
	case FLUSH:
	case SEAL:
		NEED(live(c->h));
		break;
	case VCPU:
		NEED(live(c->h) && c->a < KC_MAX_VCPUS && !old->vcpus[c->h][c->a].made);
		NEED(!v->is_protected || c->a != 0 || v->state == VM_NEW);
		break;
	case TEARDOWN:
		NEED(live(c->h) && loaded(c->h) == 0);
		break;
	case FREE:
		NEED(v->state == VM_DYING && owned(c->h) == 0 && lent(c->h) == 0);
		break;
	case RECLAIM:
		NEED(v->state == VM_DYING);
		NEED((old->word[fake_index(c->b)] & 15) != PG_VMCORE || lent(c->h) == 0);
		break;
	case DONATE:
		NEED(live(c->h) && v->is_protected);
		NEED(c->a + pages_of(c->c) <= ram_of(v, c->a));
		break;
	case LEND:
	case PROT:
		NEED(live(c->h));
		NEED(c->op == LEND ? (c->c >> 8) - 1 < 7 : c->c - 1 < 7);
		break;
	case FORCE:
		NEED(live(c->h) && V_STATE(old_view(c->h, c->a)) == LEAF_PRIVATE);
		NEED(pcpu[c->cpu].res1 == V_PFN(old_view(c->h, c->a)));
		break;
	case LOAD:
		NEED(live(c->h) && old->vcpus[c->h][c->a].made && !old->vcpus[c->h][c->a].loaded);
		NEED(old->pcpu[c->cpu].vm == 0);
		break;
	case PUT:
		NEED(old->pcpu[c->cpu].vm != 0);
		break;
	default:
		break;
	}
	if (c->op == UNLEND || c->op == PROT)
		NEED(pcpu[c->cpu].res1 > c->a && pcpu[c->cpu].res1 <= c->a + c->b);
}

/* How far a guest's call comes, what it is answered: from what the guest knows. */
static u64 kind_at(u64 h, u64 ipa)
{
	u64 st = V_STATE(old_view(h, ipa));

	if (st == LEAF_SHARED || st == LEAF_LENT)
		return IPA_EMPTY;
	return st == LEAF_DESTROYED ? IPA_DESTROYED : IPA_RAM;
}

static void check_guest(const struct call *c, u64 status)
{
	struct vm *v = &old->vms[c->h];
	u64 limit = (c->a | 511ul) + 1;
	u64 end = c->a;
	u64 st = c->a < IPA_PFNS ? V_STATE(old_view(c->h, c->a)) : LEAF_UNUSED;
	u64 fault = st >= LEAF_PRIVATE     ? FAULT_MAPPED
		    : st == LEAF_DESTROYED ? FAULT_DESTROYED
		    : st == LEAF_SHARED    ? KC_FAULT_SHARED
					   : KC_FAULT_PRIVATE;

	if (c->op == FAULT &&
	    c->result != (c->a < IPA_PFNS && ram_of(v, c->a) ? fault : KC_FAULT_MMIO))
		WRONG("the fault at 0x%lx is taken for %lu", c->a, c->result);
	if (c->op == STORE) {
		u64 p = fake_index(V_PFN(old_view(c->h, c->a)));

		if ((c->result == KC_OK) != (st == LEAF_PRIVATE) ||
		    (c->result == KC_OK && fake_word(fake_page(p), c->b) != c->c))
			WRONG("store of VM %lu at 0x%lx: %lu", c->h, c->a, c->result);
	}
	if (c->op != SHARE && c->op != UNSHARE && c->op != STATE)
		return;
	if (ram_of(v, c->a) < limit)
		limit = ram_of(v, c->a);
	if (c->b < limit)
		limit = c->b;
	while (end < limit && (c->op == STATE ? kind_at(c->h, end) == kind_at(c->h, c->a)
					      : kind_at(c->h, end) != IPA_DESTROYED))
		end++;
	if (c->op == STATE && limit > c->a && pcpu[c->cpu].res2 != kind_at(c->h, c->a))
		WRONG("the state at 0x%lx is said to be %lu", c->a, pcpu[c->cpu].res2);
	if (c->op == STATE && limit <= c->a)
		return;
	if (pcpu[c->cpu].res1 != (status == KC_ENOMEM ? c->a : end))
		WRONG("VM %lu is told 0x%lx, not 0x%lx", c->h, pcpu[c->cpu].res1, end);
}

/* Nothing of the VMs and CPUs that the call is not about. */
static void check_objects(const struct call *c)
{
	u64 mine = c->op == CREATE ? pcpu[c->cpu].res1 : c->h;
	u64 h;
	u32 i;

	for (h = 1; h < HANDLES; h++) {
		if (h != mine && (memcmp(&vms[h], &old->vms[h], sizeof(vms[h])) ||
				  memcmp(vcpus[h], old->vcpus[h], sizeof(vcpus[h]))))
			WRONG("%s for VM %lu changes VM %lu", op_names[c->op], mine, h);
		if (vms[h].state != old->vms[h].state && c->op != CREATE && c->op != SEAL &&
		    c->op != TEARDOWN && c->op != FREE)
			WRONG("%s changes the state of VM %lu", op_names[c->op], h);
	}
	for (i = 0; i < NCPU; i++)
		if (i != c->cpu && memcmp(&pcpu[i], &old->pcpu[i], sizeof(pcpu[i])))
			WRONG("%s on CPU %u changes CPU %u", op_names[c->op], c->cpu, i);
}

void policy_check(const struct call *c, u64 status)
{
	u64 i;

	changes = ~0ul;
	if (c->op == PUT && old->pcpu[c->cpu].vm >= HANDLES)
		return;
	take(now);
	if (c->op >= SHARE && c->op <= STORE)
		check_guest(c, status);
	if (c->op != CREATE && c->h >= HANDLES)
		return;
	if (status == KC_OK)
		check_allowed(c);
	check_objects(c);
	check_views(c, old->word);
	words_after(c, old->word);
	for (i = 0; i < fake_n_pages(); i++)
		if (now->word[i] != old->word[i])
			WRONG("pfn 0x%lx is in state 0x%lx, not 0x%lx", fake_page(i), now->word[i],
			      old->word[i]);
	old = now;
	now = &kept[old == &kept[0]];
	changes = fake_changes();
}
