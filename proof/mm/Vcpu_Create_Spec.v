(** * Making vCPUs (kcore/vm/vcpu.c): what the functions do *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec Vm_Spec Vcpu_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** A page that is KServ's alone. *)
Definition free_host (B : board) (w : world) (p : Z) : Prop := is_ram B p /\ kind (state w p) = PG_HOST.

(** The pages for a new vCPU of VM [h]: its run page, and if the VM is protected a page for its registers. *)
Definition vcpu_pages (B : board) (h run ctx : Z) (w : world) : Prop :=
  free_host B w run /\ (protected w h -> ctx <> run /\ free_host B w ctx) /\ (~ protected w h -> ctx = KC_NO_PFN).

(** What has to be so: the VM lives and has no such vCPU yet; the boot vCPU of a protected VM, with its entry
    point, is part of the image. *)
Record may_create (B : board) (h i run ctx : Z) (w : world) : Prop := {
  mv_live : live w h;
  mv_new : ~ vcpu_made w h i;
  mv_boot : protected w h -> i = 0 -> vm_state w h = VM_NEW;
  mv_pages : vcpu_pages B h run ctx w }.

(** Registers of a new vCPU of a protected VM: reset values.  Of the boot vCPU KServ chooses the PC and x0 to x3
    (it writes them into the run page), and nothing else. *)
Definition registers (w : world) (i ctx : Z) : Prop := forall j, 0 <= j < CTX_WORDS ->
  (i = 0 -> j <> CTX_PC /\ ~ 0 <= j < 4) -> word w ctx j = reset_word i j.

(** vCPU [i] of VM [h] is new, and no CPU has it loaded.  KServ's page [run] is pinned for the VM; if the VM is
    protected, KServ's page [ctx] has its registers, and nobody reaches it.  Other pages and other vCPUs are as
    they were, and so is what any VM reaches. *)
Record creates_vcpu (B : board) (h i run ctx : Z) (w1 w2 : world) : Prop := {
  cv_before : may_create B h i run ctx w1;
  cv_made : vcpu_made w2 h i;
  cv_token : token w2 h i = 0;
  cv_run : vcpu_run w2 h i = run /\ state w2 run = mk_state PG_PINNED h 0;
  cv_normal : ~ protected w1 h -> vcpu_ctx w2 h i = run;
  cv_ctx : protected w1 h -> vcpu_ctx w2 h i = ctx /\ state w2 ctx = mk_state PG_CTX h 0 /\ isolated w2 ctx /\
    registers w2 i ctx;
  cv_pages : forall q, q <> run -> ~ (protected w1 h /\ q = ctx) -> state w2 q = state w1 q;
  cv_vms : forall g, vm_state w2 g = vm_state w1 g /\ vm_root w2 g = vm_root w1 g /\ (protected w2 g <-> protected w1 g);
  cv_others : forall g j, ~ (g = h /\ j = i) -> (vcpu_made w2 g j <-> vcpu_made w1 g j) /\
    token w2 g j = token w1 g j /\ vcpu_run w2 g j = vcpu_run w1 g j /\ vcpu_ctx w2 g j = vcpu_ctx w1 g j;
  cv_reach : forall g k fn p, g <> 0 -> (w_tlb w2 k g fn p <-> w_tlb w1 k g fn p) }.

(** What a function does that fills in vCPU [i] of VM [h]: of the objects [cells] of the vCPU and counters change,
    of the pages' states those of [P], and nothing that VMs reach. *)
Record fills (cells : list ident) (h i : Z) (P : Z -> Prop) (w w' : world) : Prop := {
  fl_mem : forall c ix, existsb (String.eqb c) ["n_kind"; "vms.n_pages"] = false ->
    existsb (String.eqb c) cells = false \/ ix <> [h; i] -> w_mem w' (c, ix) = w_mem w (c, ix);
  fl_meta : forall q, ~ P q -> w_meta w' q = w_meta w q;
  fl_tlb : forall k g fn p, g <> 0 -> (w_tlb w' k g fn p <-> w_tlb w k g fn p) }.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  Definition spec_check_ctx (d : den) : Prop := forall h run ctx w, 1 <= h <= 255 -> in_ty U64 ctx -> cs B w ->
    WP (d [h; run; ctx]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = KC_OK -> (protected w h -> ctx <> run /\ free_host B w ctx) /\ (~ protected w h -> ctx = KC_NO_PFN))) w.
  Definition spec_vcpu_check_new (d : den) : Prop := forall L h i run ctx w, in_ty U64 h -> 0 <= i < 16 ->
    in_ty U64 run -> in_ty U64 ctx -> sec B unfrozen L w ->
    WP (d [h; i; run; ctx]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = KC_OK -> may_create B h i run ctx w)) w.
  (** The page for registers: KServ's before, then the context, with the registers' first values. *)
  Definition new_context (h i ctx : Z) (w : world) : Prop :=
    vcpu_ctx w h i = ctx /\ state w ctx = mk_state PG_CTX h 0 /\ isolated w ctx /\ registers w i ctx.
  Definition spec_vcpu_make_protected (d : den) : Prop := forall L h i run ctx w, 1 <= h <= 255 -> 0 <= i < 16 ->
    sec B unfrozen L w -> ~ vcpu_made w h i -> free_host B w ctx -> ctx <> run -> readable B w run ->
    WP (d [h; i; run; ctx]) (fun r w' => r = None /\ sec B unfrozen L w' /\
      fills ["vcpus.ctx_pfn"; "vcpus.power"] h i (eq ctx) w w' /\ new_context h i ctx w') w.
  Definition spec_vcpu_make (d : den) : Prop := forall L h i run ctx w, 0 <= i < 16 -> in_ty U64 ctx ->
    sec B unfrozen L w -> may_create B h i run ctx w ->
    WP (d [h; i; run; ctx]) (fun r w' => r = None /\ sec B unfrozen L w' /\ creates_vcpu B h i run ctx w w') w.
  Definition spec_call_vcpu_create (d : den) : Prop := forall h i run ctx w, in_ty U64 h -> in_ty U64 i ->
    in_ty U64 run -> in_ty U64 ctx -> idle B w ->
    WP (d [h; i; run; ctx]) (fun r w' => (exists v, r = Some v /\ v <> KC_OK) /\ w' = w \/
      section B (atomic (creates_vcpu B h i run ctx)) r w') w.
End Specs.
