// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hostile kernel: raw calls to EL2 and raw accesses to physical memory for the attack programs.
 * Works on any arm64 kernel, with or without KCore below it.
 */
#include <asm/cputype.h>
#include <asm/neon.h>
#include <asm/sysreg.h>
#include <linux/cpu.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "kattack.h"

#define CHUNK 256 /* pages mapped at a time that are not in the linear map */

/* Pages given out, so that what a test leaves behind is freed (if KServ may touch it again). */
struct owned {
	struct list_head list;
	u64 pfn;
	u32 order;
};

struct session {
	struct mutex lock;
	struct list_head pages;
};

static int word_get(u64 *out, void *va)
{
	u64 v;

	__get_kernel_nofault(&v, va, u64, fault);
	*out = v;
	return 0;
fault:
	return -EFAULT;
}

static int word_put(void *va, u64 v)
{
	__put_kernel_nofault(va, &v, u64, fault);
	return 0;
fault:
	return -EFAULT;
}

/* Virtual address of n pages from pfn. RAM of KServ: linear map, or an uncached alias. */
static void *pages_map(u64 pfn, u64 n, bool cached)
{
	struct page *page[CHUNK];
	u64 i;

	if (!pfn_is_map_memory(pfn))
		return cached ? (__force void *)ioremap_cache(pfn << PAGE_SHIFT, n << PAGE_SHIFT)
			      : (__force void *)ioremap(pfn << PAGE_SHIFT, n << PAGE_SHIFT);
	if (cached)
		return phys_to_virt(pfn << PAGE_SHIFT);
	for (i = 0; i < n; i++)
		page[i] = pfn_to_page(pfn + i);
	return vmap(page, n, VM_MAP, pgprot_writecombine(PAGE_KERNEL));
}

static void pages_unmap(void *va, u64 pfn, bool cached)
{
	if (!pfn_is_map_memory(pfn))
		iounmap((__force void __iomem *)va);
	else if (!cached)
		vunmap(va);
}

/* The length of the longest run from pfn, at most n, that pages_map can do at once. */
static u64 run_length(u64 pfn, u64 n)
{
	bool ram = pfn_is_map_memory(pfn);
	u64 i = 1;

	while (i < n && i < CHUNK && pfn_is_map_memory(pfn + i) == ram)
		i++;
	return i;
}

static void scan_page(struct ka_scan *s, u64 pfn, u64 *va)
{
	bool read = true, zero = true;
	u64 w, i, k;

	for (i = 0; i < 512; i++) {
		if (word_get(&w, va + i)) {
			read = false;
			break;
		}
		zero &= w == 0;
		if ((w ^ s->mask) != s->masked)
			continue;
		if (s->n_hit++ == 0) {
			s->hit_pa = (pfn << PAGE_SHIFT) + 8 * i;
			for (k = 0; k < 4 && i + k < 512; k++)
				word_get(&s->word[k], va + i + k);
		}
	}
	if (read) {
		s->n_read++;
		s->n_zero += zero;
	}
	if (s->flags & KA_WRITE) {
		bool readable = word_get(&w, va) == 0;

		if (word_put(va, readable ? w : 0x6861636b6564ull) == 0)
			s->n_written++, read = true;
	}
	if (read && s->n_read + s->n_written <= 2 && s->first_read == 0)
		s->first_read = pfn;
}

static int do_scan(struct ka_scan *s)
{
	bool cached = s->flags & KA_CACHED;
	u64 done = 0;

	s->n_read = s->n_written = s->n_hit = s->n_zero = s->first_read = s->hit_pa = 0;
	while (done < s->n) {
		u64 n = run_length(s->pfn + done, s->n - done), i;
		u64 *va = pages_map(s->pfn + done, n, cached);

		if (!va)
			return -ENOMEM;
		for (i = 0; i < n; i++)
			scan_page(s, s->pfn + done + i, va + 512 * i);
		pages_unmap(va, s->pfn + done, cached);
		done += n;
		cond_resched();
		if (signal_pending(current))
			return -EINTR;
	}
	return 0;
}

static int do_mem(struct ka_mem *m)
{
	bool cached = m->flags & KA_CACHED;
	u64 pfn = m->pa >> PAGE_SHIFT;
	void *va;
	int r;

	if (m->pa & 7)
		return -EINVAL;
	va = pages_map(pfn, 1, cached);
	if (!va)
		return -ENOMEM;
	if (m->flags & KA_WRITE)
		r = word_put(va + (m->pa & ~PAGE_MASK), m->val);
	else
		r = word_get(&m->val, va + (m->pa & ~PAGE_MASK));
	pages_unmap(va, pfn, cached);
	return r;
}

static void sys_dump(u64 *sys)
{
#define DUMP(name, reg) sys[KA_SYS_##name] = read_sysreg(reg);
	KA_SYS_LIST(DUMP)
#undef DUMP
}

static void fp_dump(u64 *v)
{
	asm volatile(".arch_extension fp\n.arch_extension simd\n"
		     "stp q0, q1, [%0]\n	stp q2, q3, [%0, #32]\n"
		     "stp q4, q5, [%0, #64]\n	stp q6, q7, [%0, #96]\n"
		     "stp q8, q9, [%0, #128]\n	stp q10, q11, [%0, #160]\n"
		     "stp q12, q13, [%0, #192]\n	stp q14, q15, [%0, #224]\n"
		     "stp q16, q17, [%0, #256]\n	stp q18, q19, [%0, #288]\n"
		     "stp q20, q21, [%0, #320]\n	stp q22, q23, [%0, #352]\n"
		     "stp q24, q25, [%0, #384]\n	stp q26, q27, [%0, #416]\n"
		     "stp q28, q29, [%0, #448]\n	stp q30, q31, [%0, #480]\n"
		     ".arch_extension nosimd\n"
		     :
		     : "r"(v)
		     : "memory");
}

static void issue(void *arg)
{
	struct ka_call *c = arg;
	register u64 x0 asm("x0") = c->x[0];
	register u64 x1 asm("x1") = c->x[1];
	register u64 x2 asm("x2") = c->x[2];
	register u64 x3 asm("x3") = c->x[3];
	register u64 x4 asm("x4") = c->x[4];
	register u64 x5 asm("x5") = c->x[5];
	register u64 x6 asm("x6") = c->x[6];
	register u64 x7 asm("x7") = c->x[7];

	if (c->kind == KA_SMC)
		asm volatile("smc #0"
			     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6),
			       "+r"(x7)
			     :
			     : "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
			       "memory");
	else
		asm volatile("hvc #0"
			     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6),
			       "+r"(x7)
			     :
			     : "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
			       "memory");
	c->x[0] = x0;
	c->x[1] = x1;
	c->x[2] = x2;
	c->x[3] = x3;
}

/* With interrupts off: nothing of KServ runs between the call and the dump. */
static void issue_dump(void *arg)
{
	struct ka_call *c = arg;
	unsigned long flags;
	u64 cycles, ticks;

	local_irq_save(flags);
	isb();
	cycles = read_sysreg(pmccntr_el0);
	ticks = read_sysreg(cntvct_el0);
	issue(c);
	isb();
	c->ticks = read_sysreg(cntvct_el0) - ticks;
	c->cycles = read_sysreg(pmccntr_el0) - cycles;
	sys_dump(c->sys);
	fp_dump(c->v);
	local_irq_restore(flags);
}

/* A guest may use the FP registers, so KServ's are saved around every call. */
static long do_call(struct ka_call *c)
{
	smp_call_func_t f = c->dump ? issue_dump : issue;
	struct user_fpsimd_state *state;
	long r = 0;

	if (c->cpu >= 0)
		return smp_call_function_single(c->cpu, f, c, 1);
	state = kzalloc(sizeof(*state), GFP_KERNEL);
	if (!state)
		return -ENOMEM;
	preempt_disable();
	kernel_neon_begin(state);
	f(c);
	kernel_neon_end(state);
	preempt_enable();
	kfree(state);
	return r;
}

/* The counter counts at EL1 and EL0; the breakpoint matches there too. */
static void do_debug(void *arg)
{
	struct ka_debug *d = arg;

	if (!d->on) {
		write_sysreg(0, dbgbcr0_el1);
		write_sysreg(read_sysreg(mdscr_el1) & ~0xa000ul, mdscr_el1);
		write_sysreg(1ul << 31, pmcntenclr_el0);
		isb();
		return;
	}
	write_sysreg(0, oslar_el1);
	write_sysreg(d->bvr, dbgbvr0_el1);
	write_sysreg(d->bcr, dbgbcr0_el1);
	write_sysreg(read_sysreg(mdscr_el1) | 0xa000ul, mdscr_el1);
	write_sysreg(0, pmccfiltr_el0);
	write_sysreg(0x41, pmcr_el0);
	write_sysreg(1ul << 31, pmcntenset_el0);
	isb();
}

static long do_alloc(struct session *s, struct ka_pages *p)
{
	struct owned *o;
	struct page *page;

	if (p->order > MAX_PAGE_ORDER)
		return -EINVAL;
	o = kmalloc(sizeof(*o), GFP_KERNEL);
	page = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN, p->order);
	if (!o || !page) {
		kfree(o);
		if (page)
			__free_pages(page, p->order);
		return -ENOMEM;
	}
	o->pfn = p->pfn = page_to_pfn(page);
	o->order = p->order;
	list_add(&o->list, &s->pages);
	return 0;
}

static bool host_may_touch(u64 pfn, u64 n)
{
	u64 i, w;

	for (i = 0; i < n; i++)
		if (word_get(&w, phys_to_virt((pfn + i) << PAGE_SHIFT)))
			return false;
	return true;
}

/* A page that KCore has not given back must not return to the allocator. */
static long drop(struct owned *o)
{
	bool ok = host_may_touch(o->pfn, 1ul << o->order);

	if (ok)
		__free_pages(pfn_to_page(o->pfn), o->order);
	list_del(&o->list);
	kfree(o);
	return ok ? 0 : -EBUSY;
}

static long do_free(struct session *s, struct ka_pages *p)
{
	struct owned *o;

	list_for_each_entry(o, &s->pages, list) if (o->pfn == p->pfn) return drop(o);
	return -ENOENT;
}

static long kattack_locked(struct session *s, unsigned int cmd, void __user *user)
{
	struct ka_pages p;
	long r;

	if (copy_from_user(&p, user, sizeof(p)))
		return -EFAULT;
	if (cmd == KA_FREE)
		return do_free(s, &p);
	r = do_alloc(s, &p);
	if (r == 0 && copy_to_user(user, &p, sizeof(p)))
		return -EFAULT;
	return r;
}

static long kattack_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct session *s = file->private_data;
	void __user *user = (void __user *)arg;
	union {
		struct ka_call call;
		struct ka_mem mem;
		struct ka_scan scan;
		struct ka_debug debug;
	} * u;
	long r;

	if (cmd == KA_ALLOC || cmd == KA_FREE) {
		mutex_lock(&s->lock);
		r = kattack_locked(s, cmd, user);
		mutex_unlock(&s->lock);
		return r;
	}
	if (cmd != KA_CALL && cmd != KA_MEM && cmd != KA_SCAN && cmd != KA_DEBUG)
		return -ENOTTY;
	u = kmalloc(sizeof(*u), GFP_KERNEL);
	if (!u)
		return -ENOMEM;
	r = -EFAULT;
	if (copy_from_user(u, user, _IOC_SIZE(cmd)))
		goto out;
	if (cmd == KA_CALL)
		r = do_call(&u->call);
	else if (cmd == KA_MEM)
		r = do_mem(&u->mem);
	else if (cmd == KA_SCAN)
		r = do_scan(&u->scan);
	else
		r = smp_call_function_single(u->debug.cpu, do_debug, &u->debug, 1);
	if ((r == 0 || cmd == KA_SCAN) && (_IOC_DIR(cmd) & _IOC_READ) &&
	    copy_to_user(user, u, _IOC_SIZE(cmd)))
		r = -EFAULT;
out:
	kfree(u);
	return r;
}

/* Map any page: the offset is its physical address. */
static int kattack_mmap(struct file *file, struct vm_area_struct *vma)
{
	return remap_pfn_range(vma, vma->vm_start, vma->vm_pgoff, vma->vm_end - vma->vm_start,
			       vma->vm_page_prot);
}

static int kattack_open(struct inode *inode, struct file *file)
{
	struct session *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return -ENOMEM;
	mutex_init(&s->lock);
	INIT_LIST_HEAD(&s->pages);
	file->private_data = s;
	return 0;
}

static int kattack_release(struct inode *inode, struct file *file)
{
	struct session *s = file->private_data;
	struct owned *o, *next;

	list_for_each_entry_safe(o, next, &s->pages, list) drop(o);
	kfree(s);
	return 0;
}

static const struct file_operations kattack_ops = {
	.owner = THIS_MODULE,
	.open = kattack_open,
	.release = kattack_release,
	.unlocked_ioctl = kattack_ioctl,
	.mmap = kattack_mmap,
};

static struct miscdevice kattack_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kattack",
	.fops = &kattack_ops,
	.mode = 0600,
};
module_misc_device(kattack_device);

MODULE_DESCRIPTION("Attacks on what lies below this kernel");
MODULE_LICENSE("GPL");
