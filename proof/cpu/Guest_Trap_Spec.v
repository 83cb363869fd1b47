(** * Traps of a protected guest (kcore/vcpu: mmio.c, exit.c): what KServ is told, and when it is told nothing

    KCore looks at the VM's pages with the lock; that is [w1], in which everything of this CPU is as it was in [w]
    ([left_alone]), and others may have changed the rest.  Every handler keeps the guest that it serves ([keeps_guest]). *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events Exposed.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Vm_Spec Guest_Spec Guest_Call_Spec Guard_Spec Local_Prims.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Ctx_Spec Trap_Spec Run_Spec Rest_Spec Left_Kept Serve_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).
  Notation esr_of w := (reg_of w cpu "esr" []).

  (** A handler of a trap of vCPU [i] of VM [h]: back to the guest, or one of the exits; and what it has done, [R]. *)
  Definition handles (h i : Z) (R : world -> option Z -> world -> Prop) (w : world) (r : option Z) (w' : world) : Prop :=
    idle B w' /\ keeps_guest cpu h i w w' /\ (exists v, r = Some v /\ In v (RESUME :: exit_codes)) /\ R w r w'.

  (** ** Aborts *)
  (** A synchronous external abort for the access that trapped: KServ is told nothing. *)
  Definition refuses (w : world) (r : option Z) (w' : world) : Prop :=
    r = Some RESUME /\ takes_abort cpu (external (esr_of w)) (reg_of w cpu "far" []) w w'.

  (** An access outside RAM, at the page [ipa].  KServ is told only if the guest's guard lets it out, and only what it needs to
      emulate it. *)
  Definition device_done (h i ipa : Z) (w : world) (r : option Z) (w' : world) : Prop :=
    exists v w1, left_alone cpu w w1 /\ section B (passes h ipa) (Some v) w1 /\
      if (v =? 1) && emulated (esr_of w)
      then r = Some EXIT_TRAP /\ w' = tell h i (device_words cpu w ipa) (remember h i (device_owed cpu w) w1)
      else refuses w1 r w'.
  Definition spec_device_exit (d : den) : Prop := forall h i ipa w, serves cpu w h i -> protected w h -> idle B w ->
    shown_page cpu w ipa -> WP (d [cpu; esr_of w; ipa]) (handles h i (device_done h i ipa) w) w.

  (** Why the page [ipa] is not there: a missing private or shared page is told, with the class, the fault status, and whether
      it was a write.  A page that KServ destroyed is an abort for the guest.  Of a page that is there meanwhile nothing is
      told, unless a SHARED one did not allow the access. *)
  Definition FAULT_DESTROYED := 4. Definition FAULT_MAPPED := 5.
  Definition permission (esr : Z) : bool := field 2 4 esr =? 3.
  Definition fault_done (h i ipa k : Z) (w : world) (r : option Z) (w' : world) : Prop :=
    if k =? FAULT_DESTROYED then refuses w r w'
    else if (k =? FAULT_MAPPED) && negb (permission (esr_of w)) then r = Some RESUME /\ w' = w
    else if k =? FAULT_MMIO then device_done h i ipa w r w'
    else r = Some EXIT_TRAP /\ w' = tell h i (page_words cpu w ipa (if k =? FAULT_MAPPED then 2 else k)) w.
  Definition fault_seen (h ipa k : Z) (w1 : world) : Prop :=
    2 ^ 28 <= ipa /\ k = FAULT_MMIO \/ ipa < 2 ^ 28 /\ section B (fault_is h ipa) (Some k) w1.
  (** Aborts that stage 2 did not make are the guest's own; if it changes its stage 1 under the access, that runs again. *)
  Definition abort_done (h i : Z) (w : world) (r : option Z) (w' : world) : Prop :=
    if is_stage2_fault (esr_of w) then
      walk_again (esr_of w) = true /\ r = Some RESUME /\ w' = w \/
      exists ipa k w1, shown_page cpu w ipa /\ left_alone cpu w w1 /\ fault_seen h ipa k w1 /\ fault_done h i ipa k w1 r w'
    else refuses w r w'.
  Definition spec_guest_abort (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> idle B w ->
    class cpu w = FETCH \/ class cpu w = DATA -> WP (d [cpu; esr_of w]) (handles h i (abort_done h i) w) w.

  (** ** Any synchronous trap *)
  (** Calls: [spec_guest_call], after an SMC with PC behind it.  What is not for KCore does not exist for the guest. *)
  Definition trap_done (h i : Z) (w : world) (r : option Z) (w' : world) : Prop :=
    let c := class cpu w in
    if c =? 7 then r = Some RESUME /\ gets_fp B cpu w w'
    else if c =? WFX then
      r = Some EXIT_TRAP /\ w' = tell h i [(X0, 0); (ESR, kept cpu w (CLASS + 1)); (FAULT, 0)] (move cpu 4 w)
    else if (c =? SMC) || (c =? HVC) then True
    else if c =? SYSREG then sysreg_done cpu h i w r w'
    else if (c =? FETCH) || (c =? DATA) then abort_done h i w r w'
    else r = Some RESUME /\ takes_exception cpu (2 ^ 25) w w'.
  Definition spec_protected_trap (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> idle B w ->
    WP (d [cpu; esr_of w]) (handles h i (trap_done h i) w) w.

  (** ** A trap of any VM's vCPU that is on the CPU
      [k]: 0 synchronous, 1 interrupt, 2 SError, of which KServ is told the class if the VM is protected. *)
  Definition told_serror (h i : Z) (w : world) (x : Z) : Prop := protected w h /\ x = kept cpu w CLASS \/ ~ protected w h /\ x = esr_of w.
  Definition answered_with (k h i : Z) (w : world) (code : Z) (w1 : world) : Prop :=
    k = 0 /\ protected w h /\ trap_done h i w (Some code) w1 \/
    k = 0 /\ ~ protected w h /\ normal_done B cpu h i w (Some code) w1 \/
    k = 1 /\ code = 0 /\ w1 = w \/
    k = 2 /\ code = 1 /\ exists x, told_serror h i w x /\ w1 = tell h i [(ESR, x)] w.
  (** KServ goes on; a vCPU that has turned itself off is off after that. *)
  Definition exits (code : Z) (w1 w' : world) : Prop := exists w2, host_again cpu code w1 w2 /\
    (code <> 18 /\ w' = w2 \/ code = 18 /\ keeps_own cpu ["pcpu.ready"] w2 w' /\ ready cpu w' = 0).
  Definition guest_served (k : Z) (w w' : world) : Prop := exists code w1,
    answered_with k (loaded_vm cpu w) (loaded_vcpu cpu w) w code w1 /\
    (code = RESUME /\ w' = w1 \/ code <> RESUME /\ exits code w1 w').
  (** The whole of what is said of [guest_trap]; [spec_guest_trap] (Rest_Spec.v) is what [trap] needs of it. *)
  Definition spec_guest_served (d : den) : Prop := forall k w, 0 <= k < 3 -> rests cpu w -> at_guest cpu w -> idle B w ->
    WP (d [cpu; k]) (fun r w' => r = None /\ idle B w' /\ rests cpu w' /\ guest_or_kserv cpu w w' /\ guest_served k w w') w.
  Lemma guest_served_trap d : spec_guest_served d -> spec_guest_trap B cpu d.
  Proof.
    intros H k w Rk Rs A I. eapply wp_mono; [exact (H k w Rk Rs A I)|]. intros r w' (E & I' & R' & G & _). auto.
  Qed.
End Specs.
