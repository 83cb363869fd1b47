(** * The result: KCore's verified calls on the machine

    [kcore_secure]: any number of CPUs, each making any sequence of these calls with any arguments; any
    interleaving of single events; KServ and the VMs writing to what they reach at any moment: at every
    step whatever a TLB entry or a walk reaches is the reacher's, and no CPU meets undefined behaviour.
    [owner_change]: whenever a page changes owner nobody reaches it, and it is zero (or it is part of the
    image of a VM that has not run). *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.mm Require Import Structure Structure_Steps.
From Redoubt.sem Require Import Sem Memory Bits Wp Link.
From Redoubt.machine Require Import State Events Facts Machine.
From Redoubt.mm Require Import Invariant Steps Page_Spec Vm_Spec Vm_Facts Interleave Machine_Proof Verified.
From Redoubt.gen Require Import Program Consts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** The calls that are verified from entry to return: all that kcore/host/call.c dispatches with [memory_call],
    by their numbers and with any arguments, numbers that mean nothing included. *)
Inductive call :=
| Memory_call (fid a1 a2 a3 a4 : Z)
| Vm_seal (h : Z)
| Stat (item : Z).

(** Any values of the C types; [vm_seal] is called for the VM of a loaded vCPU. *)
Definition arguments_ok (c : call) : Prop :=
  match c with
  | Memory_call fid a1 a2 a3 a4 =>
      in_ty U64 fid /\ in_ty U64 a1 /\ in_ty U64 a2 /\ in_ty U64 a3 /\ in_ty U64 a4
  | Vm_seal h => 0 <= h <= 255
  | Stat i => in_ty U64 i
  end.

(** The C function, on CPU [c]. *)
Definition run (c : Z) (x : call) : prog (option Z) :=
  let F := denote fuel prims program in
  match x with
  | Memory_call fid a1 a2 a3 a4 => F "memory_call" [c; fid; a1; a2; a3; a4]
  | Vm_seal h => F "vm_seal" [h]
  | Stat i => F "call_stat" [c; i]
  end.

Fixpoint runs (c : Z) (l : list call) : prog (option Z) :=
  match l with
  | [] => Ret None
  | x :: r => bind (run c x) (fun _ => runs c r)
  end.

Section Secure.
  Variable B : board.
  Hypothesis HB : board_ok B.

  Lemma meets c f : mem_name f (names program) = true -> spec B c f (denote fuel prims program f).
  Proof. intros H. apply program_meets; [exact HB|]. apply mem_name_In, H. Qed.

  (** The specification of [f] as [R]: looked up here, so that [apply] need not. *)
  Ltac spec_of c f R := pose proof (meets c f eq_refl) as R;
    lazy beta iota zeta delta [spec Wf.assoc app prim_specs func_specs String.eqb Ascii.eqb Bool.eqb] in R.
  Ltac by_spec c f := let R := fresh "R" in spec_of c f R; eapply wp_mono; [apply R; tauto|].

  Lemma run_ok c x w : 0 <= c < 8 -> arguments_ok x -> idle B w ->
    wp (kcore B c (mem_inv B)) (run c x) (fun _ w' => idle B w') w.
  Proof.
    intros Hc A Hi. destruct x; cbn [arguments_ok] in A; cbn [run].
    - by_spec c "memory_call". cbv beta. intros r w' [[_ ->]|[H _]]; assumption.
    - by_spec c "vm_seal". intros r w' [_ H]; exact H.
    - by_spec c "call_stat". intros r w' [H _]; exact H.
  Qed.

  Lemma runs_ok c l w : 0 <= c < 8 -> Forall arguments_ok l -> idle B w ->
    wp (kcore B c (mem_inv B)) (runs c l) finished w.
  Proof.
    intros Hc A. revert w. induction A as [|x l A _ IH]; intros w Hi; cbn [runs]; [exact I|].
    apply wp_bind. eapply wp_mono; [apply run_ok; eassumption|]. cbv beta. intros _ w'. apply IH.
  Qed.

  Variables (w0 : world) (T : nat -> list call).
  Hypothesis Hw : mem_inv B w0.
  Hypothesis HT : forall c, Forall arguments_ok (T c).
  Hypothesis Hcpus : forall c, (8 <= c)%nat -> T c = [].

  Definition start : machine := {| m_world := w0; m_lock := None; m_cpu := fun c => runs (Z.of_nat c) (T c) |}.

  Lemma start_good : good B start.
  Proof.
    constructor; cbn [start m_world m_lock m_cpu]; [apply Hw|apply Hw|auto|discriminate|].
    intros c _. exists (set_held false w0). split; [constructor; reflexivity|].
    destruct (Nat.lt_ge_cases c 8) as [L|L]; [|rewrite Hcpus by exact L; exact I].
    apply runs_ok; [lia|apply HT|]. split; [reflexivity|apply known_held, known_inv, Hw].
  Qed.

  Theorem secure_runs m : steps B start m ->
    secure B (m_world m) /\ settled B (m_world m) /\ forall c why, m_cpu m c <> Stuck why.
  Proof.
    intros S. pose proof (good_steps B HB _ _ start_good S) as G.
    split; [apply G|]. split; [apply G|]. intros c why. exact (good_not_stuck B m c why G).
  Qed.

  Theorem owner_runs m c p s k : steps B start m -> m_cpu m c = Ev (ECall "meta_set" [p; s]) k ->
    may_change (m_world m) p s.
  Proof.
    intros S E. pose proof (good_steps B HB _ _ start_good S) as G.
    assert (Hl : m_lock m = Some c).
    { destruct (m_lock m) as [d|] eqn:L; [destruct (Nat.eq_dec d c); [congruence|]|].
      all: destruct (g_other B m G c) as (a & [Ha _] & W); [congruence|]; rewrite E in W; destruct W as [P _];
        destruct (P a eq_refl) as [[H _] _]; congruence. }
    destruct (g_holder B m G c Hl) as (a & V & _ & W). rewrite E in W. destruct W as [P _].
    destruct (P a eq_refl) as [(_ & _ & M) _]. unfold may_change, state in *. rewrite <- (v_meta _ _ _ V).
    destruct M as [M|([R U] & M)]; [left; exact M|right]. split.
    - split; [intros X; apply R, (view_reached _ _ _ p V), X|intros X; apply U, (view_used _ _ _ p V), X].
    - destruct M as [M|(M1 & M2 & M3)].
      + left. intros i Hi. unfold word. rewrite <- (v_ram _ _ _ V) by exact R. apply M, Hi.
      + right. split; [exact M1|]. split; [|exact M3]. unfold vm_state in *.
        rewrite <- (v_mem _ _ _ V) by discriminate. exact M2.
  Qed.
End Secure.

Theorem kcore_secure : forall B w0 (T : nat -> list call) m,
  board_ok B -> mem_inv B w0 -> (forall c, Forall arguments_ok (T c)) -> (forall c, (8 <= c)%nat -> T c = []) ->
  steps B (start w0 T) m ->
  secure B (m_world m) /\ (forall c why, m_cpu m c <> Stuck why).
Proof. intros B w0 T m HB Hw HT Hc S. destruct (secure_runs B HB w0 T Hw HT Hc m S) as (A & _ & C). auto. Qed.

Theorem owner_change : forall B w0 (T : nat -> list call) m c p s k,
  board_ok B -> mem_inv B w0 -> (forall c, Forall arguments_ok (T c)) -> (forall c, (8 <= c)%nat -> T c = []) ->
  steps B (start w0 T) m -> m_cpu m c = Ev (ECall "meta_set" [p; s]) k ->
  may_change (m_world m) p s.
Proof. intros B w0 T m c p s k HB Hw HT Hc S. apply (owner_runs B HB w0 T Hw HT Hc m c p s k S). Qed.
