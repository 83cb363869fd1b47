(** * The result: KServ and its VMs learn no secret of another VM but what is given away

    The system of mm/Traps_System.v with KCore's C in it: every entry of every CPU, software that traps when it likes or is
    interrupted, vCPUs that come on a CPU and off it.  [Q] is any set of VMs that work together with KServ.

    [system_traps_secure]: nobody ever reaches what is not his, and no CPU meets undefined behaviour of C.
    [traps_noninterference]: in two worlds that differ in secrets of the other VMs alone, two runs in which the same is seen
    ([trace]) end the same for KServ and [Q]; and what KServ, a VM of [Q], or KCore for them, can do after the one they
    can do after the other.  What the trace has of the other VMs is what they store to pages that they share, and what a CPU
    that serves them gives away.  [traps_given]: all of this is on a list.
    [traps_private_kept]: a private page that anybody reaches stays the VM's, at its place, with its content, unless the VM
    itself acts, or KCore for it. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.mm Require Import Structure.
From Redoubt.sem Require Import Sem Memory Wp Link.
From Redoubt.machine Require Import State Cpu Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Vm_Spec Vm_Facts Interleave Machine_Proof Verified Alike Traps_System Traps_Alike
  Traps_Good Traps_Related Traps_Goes Traps_Given
  Integrity Traps_Kept Traps_Total.
From Redoubt.mm Require Total.
From Redoubt.cpu Require Import Ctx_Spec Rest_Spec Traps Traps_Proof Traps_Secure.
From Redoubt.gen Require Import Program.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** What CPU [c] does from a trap on: the exception, the vectors, and the C function [trap]; and from firmware on. *)
Definition kcore_entry (c : Z) (t : trap) : prog (option Z) := enters c (Trapped (t_kind t mod 3) (t_regs t) (t_x t)).
Definition kcore_boot (c : Z) : prog (option Z) := enters c Power_on.

Notation kcore_step B Q software := (Traps_System.step B Q _ software kcore_entry kcore_boot).
Notation kcore_steps B Q software := (Traps_System.steps B Q _ software kcore_entry kcore_boot).
Notation kcore_start w P := (Traps_System.start _ kcore_boot w P).

Section Kcore.
  Variable B : board.
  Hypothesis HB : board_ok B.
  Notation WP c p w := (wp (kcore_all B c (mem_inv B)) p (fun _ w' => idle B w' /\ rests c w') w).

  Lemma rests_seated c w : rests c w -> seated c w.
  Proof.
    intros [R O _ Sd]. split; [exact O|]. destruct Sd as [[H1 H2]|[_ N _ Cx In _ _]].
    - left. split; [exact H2|exact H1].
    - right. split; [unfold in_guest in In; lia|]. split; [exact N|exact Cx].
  Qed.
  Lemma kcore_entry_ok c t w : 0 <= c < 8 -> idle B w -> rests c w -> WP c (kcore_entry c t) w.
  Proof.
    intros Hc I R. apply entry_keeps; [apply (start_meets B HB)|apply (trap_meets B HB)|exact Hc| |exact I|right; exact R].
    cbn. apply Z.mod_pos_bound. lia.
  Qed.
  Lemma kcore_boot_ok c w : 0 <= c < 8 -> idle B w -> WP c (kcore_boot c) w.
  Proof.
    intros Hc I. apply entry_keeps; [apply (start_meets B HB)|apply (trap_meets B HB)|exact Hc|exact Logic.I|exact I|left; reflexivity].
  Qed.

  Variable Q : Z -> bool.
  Variable R : Type.
  Variable software : who -> agent R.
  Lemma kcore_good w P ls s : mem_inv B w -> kcore_steps B Q software (kcore_start w P) ls s -> sgood B Q R rests s.
  Proof.
    intros M S. refine (sgood_steps B HB Q R software _ _ rests rests_seated kcore_entry_ok kcore_boot_ok _ ls s _ S).
    exact (start_good B Q R _ rests kcore_boot_ok w P M).
  Qed.
End Kcore.

(** ** The theorems *)
Theorem system_traps_secure : forall B Q (R : Type) (software : who -> agent R) w P ls s,
  board_ok B -> mem_inv B w -> kcore_steps B Q software (kcore_start w P) ls s ->
  secure B (s_world R s) /\ forall c why, s_cpu R s c <> Serving (Stuck why).
Proof.
  intros B Q R software w P ls s HB M S. pose proof (kcore_good B HB Q R software w P ls s M S) as G.
  split; [apply (sgood_secure B Q R rests s G)|]. intros c why E.
  apply (good_not_stuck B _ c why (sg_good B Q R rests s G)). cbn. rewrite E. reflexivity.
Qed.

(** No dead end: so what follows is not true for want of runs. *)
Theorem system_traps_go_on : forall B Q (R : Type) (software : who -> agent R) w P ls s c p,
  board_ok B -> mem_inv B w -> kcore_steps B Q software (kcore_start w P) ls s -> s_cpu R s c = Serving p ->
  (* if the CPU can make no step, *)
  (forall l s' x, kcore_step B Q software s l s' -> l = Darkens c \/ s_cpu R s' = set_cpu (s_cpu R s) c x -> False) ->
  (exists k d, p = Ev lock k /\ s_lock R s = Some d /\ d <> c) \/       (* it waits for the lock *)
  exists e k, p = Ev e k /\ Total.halts e.                            (* it stops for ever *)
Proof.
  intros B Q R software w P ls s c p HB M S. apply (goes_on B Q R software _ _ rests).
  exact (kcore_good B HB Q R software w P ls s M S).
Qed.

Theorem traps_noninterference : forall B Q (R : Type) (software : who -> agent R) w1 w2 P1 P2 ls1 ls2 s1 s2,
  board_ok B -> mem_inv B w1 -> mem_inv B w2 ->
  (* at first only the secrets of VMs outside Q differ: private pages, registers, programs *)
  alike B Q w1 w2 -> (forall k, friend Q k = true -> P1 k = P2 k) ->
  kcore_steps B Q software (kcore_start w1 P1) ls1 s1 -> kcore_steps B Q software (kcore_start w2 P2) ls2 s2 ->
  (* the same is seen *)
  trace ls1 = trace ls2 ->
  same_for Q R s1 s2 /\
  forall l t1, kcore_step B Q software s1 l t1 -> turn (s_dark R s1) (s_stale R s1) l ->
    exists t2, kcore_step B Q software s2 l t2 /\ same_for Q R t1 t2.
Proof.
  intros B Q R software w1 w2 P1 P2 ls1 ls2 s1 s2 HB M1 M2 A Hp S1 S2 V.
  pose proof (kcore_good B HB Q R software _ _ _ _ M1 S1) as G1. pose proof (kcore_good B HB Q R software _ _ _ _ M2 S2) as G2.
  pose proof (start_good B Q R _ rests (kcore_boot_ok B HB) w1 P1 M1) as I1.
  pose proof (start_good B Q R _ rests (kcore_boot_ok B HB) w2 P2 M2) as I2.
  assert (E0 : related B Q R (kcore_start w1 P1) (kcore_start w2 P2)).
  { constructor; cbn [start s_world s_lock s_cpu s_prog s_dark s_stale]; auto. apply alike_is_but, A. }
  pose proof (runs_related B HB Q R software _ _ rests rests_seated (kcore_entry_ok B HB) (kcore_boot_ok B HB)
    _ _ _ S1 _ _ _ I1 I2 E0 S2 V) as E.
  split; [exact (related_same B HB Q R rests s1 s2 G1 E)|]. intros l t1 L X.
  destruct (turn_goes B Q R software _ _ rests s1 s2 l t1 G1 G2 E L X) as (t2 & L2). exists t2. split; [exact L2|].
  pose proof (sgood_step B HB Q R software _ _ rests rests_seated (kcore_entry_ok B HB) (kcore_boot_ok B HB)) as Step.
  apply (related_same B HB Q R rests t1 t2 (Step _ _ _ G1 L)).
  refine (seen_step B HB Q R software _ _ rests rests_seated (kcore_entry_ok B HB) (kcore_boot_ok B HB) s1 s2 l t1 t2 G1 G2 E L L2 _).
  intros ->. exact X.
Qed.

(** What a dark CPU gives away, at every step of every run: words of the run page are [exposed], a copy is of what the vCPU asks
    to be shared, and the rest of [policy] (mm/Traps_Given.v). *)
Theorem traps_given : forall B Q (R : Type) (software : who -> agent R) w P ls s c e l s',
  board_ok B -> mem_inv B w -> kcore_steps B Q software (kcore_start w P) ls s ->
  kcore_step B Q software s (Gives c e l) s' -> policy (Z.of_nat c) (s_world R s) e.
Proof.
  intros B Q R software w P ls s c e l s' HB M S L. pose proof (kcore_good B HB Q R software w P ls s M S) as G.
  inversion L as [| | | | | | | | | |w0 o C P0 D T c0 e0 k v w' l0 E N1 N2 Ef Dc Gi Co| | | |]; subst.
  exact (given_policy B Q R rests _ c e k T G E Gi).
Qed.

(** For all but VM [v]: KServ and all other VMs together. *)
Corollary secret_of_one_traps : forall B (R : Type) (software : who -> agent R) v w1 w2 P1 P2 ls1 ls2 s1 s2,
  let Q := fun h => negb (h =? v) in
  board_ok B -> mem_inv B w1 -> mem_inv B w2 -> alike B Q w1 w2 -> (forall k, vmid k <> v \/ vmid k = 0 -> P1 k = P2 k) ->
  kcore_steps B Q software (kcore_start w1 P1) ls1 s1 -> kcore_steps B Q software (kcore_start w2 P2) ls2 s2 ->
  trace ls1 = trace ls2 -> same_for Q R s1 s2.
Proof.
  intros B R software v w1 w2 P1 P2 ls1 ls2 s1 s2 Q HB M1 M2 A Hp S1 S2 V.
  refine (proj1 (traps_noninterference B Q R software w1 w2 P1 P2 ls1 ls2 s1 s2 HB M1 M2 A _ S1 S2 V)).
  intros k F. apply Hp. destruct k as [c|h i]; [right; reflexivity|left]. cbn in F |- *. intros ->. unfold Q in F.
  rewrite Z.eqb_refl in F. discriminate F.
Qed.

(** Integrity. *)
Theorem traps_private_kept : forall B Q (R : Type) (software : who -> agent R) w P ls s l s' h fn p,
  board_ok B -> mem_inv B w -> kcore_steps B Q software (kcore_start w P) ls s -> kcore_step B Q software s l s' ->
  private_page B (s_world R s) h fn p -> reached (s_world R s) p ->
  private_page B (s_world R s') h fn p /\
  (own_doing B R h p s s' \/ forall i, w_ram (s_world R s') p i = w_ram (s_world R s) p i).
Proof.
  intros B Q R software w P ls s l s' h fn p HB M S L.
  refine (private_traps B HB Q R software _ _ rests rests_seated (kcore_entry_ok B HB) (kcore_boot_ok B HB) s l s' h fn p _ L).
  exact (kcore_good B HB Q R software w P ls s M S).
Qed.
