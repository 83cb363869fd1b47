# The C of KCore in link order: a function calls only what stands before it. This list is what is compiled,
# what is translated to Coq, and what the subset check reads (paths relative to the repository).
KCORE_MM := page walk table host own object revoke donate lend guest init
KCORE_VM := vcpu_reset vm vcpu guard
KCORE_VCPU := inject fp vgic ident regs mmio sysreg psci rsi pkvm run exit
KCORE_HOST := gicr abort scrub smc call trap

KCORE_C := $(KCORE_MM:%=kcore/mm/%.c) $(KCORE_VM:%=kcore/vm/%.c) \
	   $(KCORE_VCPU:%=kcore/vcpu/%.c) $(KCORE_HOST:%=kcore/host/%.c)

# Translated and proved apart (proof/lock): for the rest a lock is one step.
KCORE_LOCK_C := kcore/sync/lock.c

KCORE_CPPFLAGS := -Ikcore/include

# Not in the subset and not proved: docs/unverified.md lists every file and why.
KCORE_BOOT_C := $(patsubst %,kcore/boot/%.c,boot tree el2_map say libc board_qemu_virt) \
		kcore/arch/arm64/panic.c kcore/arch/arm64/state.c
KCORE_S := $(patsubst %,kcore/arch/arm64/%.S,entry vectors switch)
