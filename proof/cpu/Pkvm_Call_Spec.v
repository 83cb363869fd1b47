(** * pKVM's calls of a protected guest (kcore/vcpu/pkvm.c): what they do, what the guest gets and KServ is told *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events Exposed.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec Vm_Spec Guest_Spec Share_Spec Guest_Call_Spec Guard_Spec Local_Prims.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Ctx_Spec Trap_Spec Run_Spec Left_Kept Serve_Spec Guest_Trap_Spec Pkvm_Spec Copy_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition PKVM_INVALID := 2 ^ 64 - 3. Definition PKVM_NOT_SUPPORTED := 2 ^ 64 - 1.
Definition PKVM_SHARED := 21. Definition PKVM_UNSHARED := 22.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).
  Notation x := (x_reg cpu).
  (** The page that x1 names. *)
  Notation page w := (x w 1 / 4096).

  Definition gets (v x1 x2 x3 : Z) (w : world) (r : option Z) (w' : world) : Prop := r = Some RESUME /\ w' = answered cpu v x1 x2 x3 w.
  (** The call runs again when KServ has acted. *)
  Definition waits (h i code : Z) (l : list (Z * Z)) (w : world) (r : option Z) (w' : world) : Prop :=
    r = Some code /\ w' = tell h i l (move cpu (-4) w).
  (** Done: KServ is told which page. *)
  Definition told_page (h i code : Z) (p : Z) (w : world) (r : option Z) (w' : world) : Prop :=
    r = Some code /\ w' = answered cpu 0 0 0 0 (tell h i [(X0, p); (X1, 1)] w).

  (** MEM_SHARE: refused; a private page, a page for its content, or a table is wanted; or the content has been copied, and
      then the page is shared. *)
  Definition share_done (h i : Z) (w : world) (r : option Z) (w' : world) : Prop := exists w1, left_alone cpu w w1 /\
    (gets PKVM_INVALID 0 0 0 w1 r w' \/
     waits h i EXIT_TRAP (retry_words (page w) EXIT_TRAP) w1 r w' \/ waits h i EXIT_COPY [(X0, 0); (X0, page w)] w1 r w' \/
     waits h i EXIT_TABLE (retry_words (page w) EXIT_TABLE) w1 r w' \/
     exists dst wc v, left_alone cpu w wc /\ section B (copied B h (page w) dst) (Some KC_OK) wc /\
       section B (shares cpu h (page w) (page w + 1)) (Some v) w1 /\ told_page h i PKVM_SHARED (page w) w1 r w').
  Definition spec_mem_share (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> idle B w -> called cpu w ->
    call cpu w = MEM_SHARE -> x w 1 < 2 ^ 40 -> WP (d [cpu; page w]) (handles B cpu h i (share_done h i) w) w.

  (** MEM_UNSHARE: of a page that is shared. *)
  Definition unshare_done (h i : Z) (w : world) (r : option Z) (w' : world) : Prop := exists w1, left_alone cpu w w1 /\
    (gets PKVM_INVALID 0 0 0 w1 r w' \/
     section B (takes_back cpu h (page w) (page w + 1)) (Some KC_OK) w1 /\ told_page h i PKVM_UNSHARED (page w) w1 r w').
  Definition spec_mem_unshare (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> idle B w -> called cpu w ->
    In (call cpu w) ONE_PAGE -> WP (d [cpu; page w]) (handles B cpu h i (unshare_done h i) w) w.

  (** MMIO_GUARD: KServ is told nothing. *)
  Definition guard_done (w : world) (r : option Z) (w' : world) : Prop := exists w1, left_alone cpu w w1 /\
    (gets 0 0 0 0 w1 r w' \/ gets PKVM_INVALID 0 0 0 w1 r w').
  Definition spec_mmio_guard (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> idle B w ->
    WP (d [cpu; page w]) (handles B cpu h i guard_done w) w.

  Definition MEMINFO := 0xc6000002. Definition MEM_UNSHARE := 0xc6000004. Definition MMIO_GUARD := 0xc6000007.
  Definition memory_done (h i : Z) (w : world) (r : option Z) (w' : world) : Prop :=
    gets PKVM_INVALID 0 0 0 w r w' \/
    call cpu w = MEM_SHARE /\ share_done h i w r w' \/ call cpu w = MEM_UNSHARE /\ unshare_done h i w r w' \/
    call cpu w = MMIO_GUARD /\ guard_done w r w' \/
    call cpu w = MEMINFO /\ exists w1, left_alone cpu w w1 /\ gets 4096 0 0 0 w1 r w'.
  Definition memory_call (fid : Z) : bool := existsb (Z.eqb fid) [MEMINFO; MEM_SHARE; MEM_UNSHARE; MMIO_GUARD].
  Definition spec_pkvm_memory (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> idle B w -> called cpu w ->
    memory_call (call cpu w) = true -> WP (d [cpu; call cpu w]) (handles B cpu h i (memory_done h i) w) w.

  Definition pkvm_done (h i fid : Z) (w : world) (r : option Z) (w' : world) : Prop :=
    if fid =? 0x8600ff01 then gets 0xb66fb428 0xe911c52e 0x564bcaa9 0x743a004d w r w'
    else if fid =? 0x86000000 then gets 0x9d 0 0 0 w r w'
    else if memory_call fid then memory_done h i w r w'
    else gets PKVM_NOT_SUPPORTED 0 0 0 w r w'.
End Specs.
