(** * The result: KServ's programs learn no secret of a VM

    The system of [machine/System.v] with KCore's C in it.  [system_secure]: nobody ever reaches what is not his.
    [system_goes_on]: a CPU in KCore makes a step, or waits for the lock, or is told to stop for ever.
    [noninterference]: for any set [Q] of VMs that work together with KServ, any programs, and any two worlds in
    which only the secrets of the other VMs differ: two runs with the same turns in which the other VMs give away
    the same are the same for KServ and [Q], registers and memory included; and what KServ, KCore or a VM of [Q]
    can do after the one they can do after the other.  [secret_of_one]: for all but a single VM. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp Link.
From Redoubt.machine Require Import State Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec Vm_Spec Call_Spec Verified Secure Alike.
From Redoubt.machine Require Import System.
From Redoubt.mm Require Total.
From Redoubt.mm Require Import System_Proof System_Alike.
From Redoubt.gen Require Import Program Consts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** KCore's C *)
(** As kcore/host/call.c dispatches it.  Not among them: what concerns vCPUs, and the four calls that ask or set
    registers of the CPU alone. *)
Definition absent : list Z :=
  [KC_VERSION; KC_VCPU_LOAD; KC_VCPU_PUT; KC_VCPU_RUN; KC_SET_CNTVOFF; KC_VGIC_INFO].
Definition kcore_offers (fid : Z) : Prop := ~ In fid absent /\ 5 <= fid.     (* below 5: the kernel's stub calls *)
Definition kcore_answer (c fid a1 a2 a3 a4 : Z) : prog (option Z) :=
  let F := denote fuel prims program in
  if fid =? KC_STAT then F "call_stat" [c; a1] else F "memory_call" [c; fid; a1; a2; a3; a4].

Notation kcore_step B kserv guest := (System.step B kserv guest kcore_answer kcore_offers).
Notation kcore_steps B kserv guest := (System.steps B kserv guest kcore_answer kcore_offers).

Lemma kcore_answer_ok B : board_ok B -> forall c fid a1 a2 a3 a4 w, 0 <= c < 8 -> kcore_offers fid ->
  in_ty U64 fid -> in_ty U64 a1 -> in_ty U64 a2 -> in_ty U64 a3 -> in_ty U64 a4 -> idle B w ->
  wp (kcore B c (mem_inv B)) (kcore_answer c fid a1 a2 a3 a4) (rests B) w.
Proof.
  intros HB c fid a1 a2 a3 a4 w Hc [Of _] U U1 U2 U3 U4 I. unfold kcore_answer.
  destruct (fid =? KC_STAT).
  - assert (M : spec_call_stat B c (denote fuel prims program "call_stat")) by exact (meets B HB c "call_stat" eq_refl).
    eapply wp_mono; [apply M; assumption|]. intros r w' [I' [-> |[-> _]]]; (split; [exact I'|eexists; reflexivity]).
  - assert (M : spec_memory_call B c (denote fuel prims program "memory_call"))
      by exact (meets B HB c "memory_call" eq_refl).
    eapply wp_mono; [apply M; assumption|].
    intros r w' [[(v & -> & _) ->]|(I' & v & _ & _ & -> & _)]; (split; [assumption|eexists; reflexivity]).
Qed.

(** ** The theorems *)
Theorem system_secure : forall B (R : Type) (kserv guest : agent R) w r g ls s,
  board_ok B -> mem_inv B w -> kcore_steps B kserv guest (start w r g) ls s ->
  secure B (s_world s) /\ forall c x why, s_cpu s c <> In_kcore x (Stuck why).
Proof.
  intros B R kserv guest w r g ls s HB Hw S.
  pose proof (sgood_steps B HB R kserv guest _ _ (kcore_answer_ok B HB) _ _ _ (start_good B R w r g Hw) S) as G.
  split; [apply (Machine_Proof.g_secure B _ G)|]. intros c x why E.
  apply (Machine_Proof.good_not_stuck B _ c why G). cbn. rewrite E. reflexivity.
Qed.

(** No dead end: so what follows is not true for want of runs. *)
Theorem system_goes_on : forall B (R : Type) (kserv guest : agent R) w r g ls s c x p,
  board_ok B -> mem_inv B w -> kcore_steps B kserv guest (start w r g) ls s -> s_cpu s c = In_kcore x p ->
  (exists y s', kcore_step B kserv guest s (By_kcore c y) s') \/
  (exists k d, p = Ev lock k /\ s_lock s = Some d /\ d <> c) \/       (* it waits for the lock *)
  exists e k, p = Ev e k /\ Total.halts e.                            (* it stops for ever *)
Proof.
  intros B R kserv guest w r g ls s c x p HB Hw S E.
  pose proof (sgood_steps B HB R kserv guest _ _ (kcore_answer_ok B HB) _ _ _ (start_good B R w r g Hw) S) as G.
  exact (kcore_goes_on B R kserv guest _ _ s c x p G E).
Qed.

Theorem noninterference : forall B (R : Type) (kserv guest : agent R) (Q : Z -> bool) w1 w2 r g1 g2 ls1 ls2 s1 s2,
  board_ok B -> mem_inv B w1 -> mem_inv B w2 ->
  (* at first only the secrets of VMs outside Q differ: their private pages and their registers *)
  alike B Q w1 w2 -> (forall h j, Q h = true -> g1 h j = g2 h j) ->
  kcore_steps B kserv guest (start w1 r g1) ls1 s1 -> kcore_steps B kserv guest (start w2 r g2) ls2 s2 ->
  (* the same turns, and the same given away *)
  trace Q ls1 = trace Q ls2 ->
  same_for Q s1 s2 /\
  forall l t1 x, kcore_step B kserv guest s1 l t1 -> sees Q l = [Turn x] ->
    exists t2, kcore_step B kserv guest s2 l t2 /\ same_for Q t1 t2.
Proof.
  intros B R kserv guest Q w1 w2 r g1 g2 ls1 ls2 s1 s2 HB H1 H2 A Hg S1 S2 V.
  pose proof (kcore_answer_ok B HB) as Ok.
  pose proof (start_good B R w1 r g1 H1) as G1. pose proof (start_good B R w2 r g2 H2) as G2.
  pose proof (sgood_steps B HB R kserv guest _ _ Ok _ _ _ G1 S1) as F1.
  pose proof (sgood_steps B HB R kserv guest _ _ Ok _ _ _ G2 S2) as F2.
  assert (E : salike B R Q s1 s2).
  { assert (E0 : salike B R Q (start w1 r g1) (start w2 r g2)) by (constructor;
    [exact A|reflexivity|reflexivity|exact Hg]).
    exact (runs_alike B HB R kserv guest _ _ Ok Q _ _ _ S1 _ _ _ G1 G2 E0 S2 V). }
  split; [exact (salike_same B HB R Q s1 s2 F1 E)|]. intros l t1 x L X.
  destruct (turn_step B HB R kserv guest _ _ Ok Q s1 s2 l t1 x F1 F2 E L X) as (t2 & L2 & E2).
  exists t2. split; [exact L2|]. apply (salike_same B HB R Q t1 t2); [|exact E2].
  exact (sgood_step B HB R kserv guest _ _ Ok s1 l t1 F1 L).
Qed.

(** For all but VM [v]: KServ and all other VMs together. *)
Corollary secret_of_one : forall B (R : Type) (kserv guest : agent R) v w1 w2 r g1 g2 ls1 ls2 s1 s2,
  let Q := fun h => negb (h =? v) in
  board_ok B -> mem_inv B w1 -> mem_inv B w2 -> alike B Q w1 w2 -> (forall h j, h <> v -> g1 h j = g2 h j) ->
  kcore_steps B kserv guest (start w1 r g1) ls1 s1 -> kcore_steps B kserv guest (start w2 r g2) ls2 s2 ->
  trace Q ls1 = trace Q ls2 -> same_for Q s1 s2.
Proof.
  intros B R kserv guest v w1 w2 r g1 g2 ls1 ls2 s1 s2 Q HB H1 H2 A Hg S1 S2 V.
  refine (proj1 (noninterference B R kserv guest Q w1 w2 r g1 g2 ls1 ls2 s1 s2 HB H1 H2 A _ S1 S2 V)).
  intros h j X. apply Hg. intros ->. unfold Q in X. rewrite Z.eqb_refl in X. discriminate X.
Qed.
