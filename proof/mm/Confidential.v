(** * The result: what KServ can learn of a VM's secrets

    [confidential]: KServ makes calls on every CPU, each chosen from the answers of all the calls before it; KServ
    and the VMs store to the pages they reach, and the VMs outside [Q] do what they like to their own.  Take two
    worlds that differ in nothing but what is in the private pages of VMs outside [Q].  Then every run in the one
    has its like in the other, and runs with the same turns are alike: the same answers of all calls, the same
    page states, objects and translations, and in every page that KServ or a VM of [Q] reaches the same content.

    [any_secret]: the content of private pages may be anything to begin with. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Structure Structure_Facts Structure_Steps Page_Spec Vm_Spec
  Vm_Facts Interleave Machine_Proof Secure Alike Lockstep.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** KServ's calls *)
(** What a call answers: the status, and the three results that go to x1 to x3. *)
Record answer := { status : option Z; res1 : Z; res2 : Z; res3 : Z }.

(** [n] calls on CPU [c].  [next] chooses a call from the answers so far, the last one first; [out] is anything
    that KServ makes of all the answers. *)
Fixpoint session (c : Z) (n : nat) (next : list answer -> call) (out : list answer -> Z) (past : list answer)
  : prog (option Z) :=
  match n with
  | O => Ret (Some (out past))
  | S n => bind (run c (next past)) (fun r =>
      Ev (ERead (obj "pcpu.res1" [c])) (fun x => Ev (ERead (obj "pcpu.res2" [c])) (fun y =>
      Ev (ERead (obj "pcpu.res3" [c])) (fun z =>
      session c n next out ({| status := r; res1 := x; res2 := y; res3 := z |} :: past)))))
  end.

(** KServ: on each CPU a number of calls, a choice, and what it makes of the answers. *)
Record kserv := {
  ks_n : nat -> nat;
  ks_next : nat -> list answer -> call;
  ks_out : nat -> list answer -> Z }.
Definition kserv_ok (P : kserv) : Prop :=
  (forall c past, arguments_ok (ks_next P c past)) /\ (forall c, (8 <= c)%nat -> ks_n P c = O).

Definition begin (w : world) (P : kserv) : machine :=
  {| m_world := w; m_lock := None;
     m_cpu := fun c => session (Z.of_nat c) (ks_n P c) (ks_next P c) (ks_out P c) [] |}.

(** ** What KServ and the VMs of [Q] can know *)
Record same_for (Q : Z -> bool) (m n : machine) : Prop := {
  sf_calls : forall c, m_cpu m c = m_cpu n c;           (* all calls: how far they are, what they have answered *)
  sf_lock : m_lock m = m_lock n;
  sf_objects : w_mem (m_world m) = w_mem (m_world n);
  sf_states : w_meta (m_world m) = w_meta (m_world n);
  sf_walks : forall h l fn t, w_walk (m_world m) h l fn t <-> w_walk (m_world n) h l fn t;
  sf_tlb : forall k h fn p, w_tlb (m_world m) k h fn p <-> w_tlb (m_world n) k h fn p;
  sf_words : forall h p i, h = 0 \/ Q h = true -> reach (m_world m) h p -> 0 <= i < 512 ->
    word (m_world m) p i = word (m_world n) p i }.

Section Confidential.
  Variable B : board.
  Hypothesis HB : board_ok B.

  Lemma read_own c d (k : Z -> prog (option Z)) Q w : class_of d = Percpu -> idle B w ->
    (forall v, wp (kcore B c (mem_inv B)) (k v) Q w) ->
    wp (kcore B c (mem_inv B)) (Ev (ERead (obj d [c])) k) Q w.
  Proof.
    intros D I H. apply wp_event.
    - intros w0 E. cbn in E. subst w0. split; [cbn; unfold may_read; cbn; rewrite D; reflexivity|].
      intros v w' [_ ->]. apply (kn_secure B w (id_known B w I)).
    - intros v w' (w0 & E & _ & ->). cbn in E. subst w0. apply H.
  Qed.

  Lemma session_ok c n next out past w : 0 <= c < 8 -> (forall l, arguments_ok (next l)) -> idle B w ->
    wp (kcore B c (mem_inv B)) (session c n next out past) finished w.
  Proof.
    intros Hc A. revert past w. induction n as [|n IH]; intros past w Hi; cbn [session]; [exact I|].
    apply wp_bind. eapply wp_mono; [apply run_ok; [exact HB|exact Hc|apply A|exact Hi]|]. cbv beta. intros r w' Hi'.
    apply read_own; [reflexivity|exact Hi'|]. intros x. apply read_own; [reflexivity|exact Hi'|]. intros y.
    apply read_own; [reflexivity|exact Hi'|]. intros z. apply IH, Hi'.
  Qed.

  Lemma begin_good w P : mem_inv B w -> kserv_ok P -> good B (begin w P).
  Proof.
    intros M [A N]. constructor; cbn [begin m_world m_lock m_cpu]; [apply M|apply M|auto|discriminate|].
    intros c _. exists (set_held false w). split; [constructor; reflexivity|].
    destruct (Nat.lt_ge_cases c 8) as [L|L]; [|rewrite N by exact L; exact I].
    apply session_ok; [lia|apply A|]. split; [reflexivity|apply known_held, known_inv, M].
  Qed.

  Lemma malike_same Q m n : good B m -> malike B Q m n -> same_for Q m n.
  Proof.
    intros G [A L C]. constructor; [exact C|exact L|apply A|apply A|apply A|apply A|].
    intros h p i Hq R I. apply (al_word B Q _ _ A); [|exact I].
    apply (reached_public B Q _ h); [apply (bo_dev B HB)|apply G|exact R|exact Hq].
  Qed.

  (** The content of secret pages may be anything. *)
  Theorem any_secret Q w r : mem_inv B w -> (forall p i, ~ secret B Q w p -> r p i = w_ram w p i) ->
    mem_inv B (settle B (set_ram r w)) /\ alike B Q (settle B (set_ram r w)) w.
  Proof.
    intros M E. pose proof (m_inv B w M) as I.
    assert (E1 : forall t i, used w t \/ is_ram B t /\ kind (state w t) = PG_CORE -> r t i = w_ram w t i).
    { intros t i H. apply E. intros X. destruct H as [H|[_ H]]; [exact (secret_unused B Q w t (i_secure B w I) X H)|].
      destruct X as (_ & X & _). unfold secret_state in X. pg; lia. }
    assert (E2 : forall t i, ~ no_page t -> is_ram B t -> kind (state w t) = PG_VMCORE -> r t i = w_ram w t i).
    { intros t i _ _ H. apply E. intros (_ & X & _). unfold secret_state in X. pg; lia. }
    split.
    - apply (mem_inv_frame B w).
      + apply (evolves_unchanged B [] no_page); [apply evolves_ram; auto|reflexivity|intros p []].
      + apply inv_ram; auto.
      + exact M.
    - destruct (ram_walks B w r (i_settled B w I)) as [A T]; [auto|].
      constructor; try reflexivity; [|exact A|exact T]. intros p i N _. unfold word; cbn. rewrite E by exact N. reflexivity.
  Qed.

  Section Runs.
    Variables (Q : Z -> bool) (P : kserv) (w1 w2 : world).
    Hypothesis H1 : mem_inv B w1.
    Hypothesis H2 : mem_inv B w2.
    Hypothesis HP : kserv_ok P.
    Hypothesis A : alike B Q w1 w2.

    Lemma begin_alike : malike B Q (begin w1 P) (begin w2 P).
    Proof. constructor; [exact A|reflexivity|reflexivity]. Qed.

    Lemma runs_match ls m1 : lsteps B (begin w1 P) ls m1 ->
      exists m2, lsteps B (begin w2 P) (filter (seen Q) ls) m2 /\ same_for Q m1 m2.
    Proof.
      intros S. pose proof (begin_good w1 P H1 HP) as G1. pose proof (begin_good w2 P H2 HP) as G2.
      destruct (lsteps_match B HB Q _ _ _ S _ G1 G2 begin_alike) as (m2 & S2 & A2). exists m2. split; [exact S2|].
      apply malike_same; [|exact A2]. exact (lsteps_good B HB _ _ _ G1 S).
    Qed.

    Lemma runs_decided ls ls' m1 m2 : lsteps B (begin w1 P) ls m1 -> lsteps B (begin w2 P) ls' m2 ->
      Forall2 same_turn (filter (seen Q) ls) (filter (seen Q) ls') ->
      filter (seen Q) ls = filter (seen Q) ls' /\ same_for Q m1 m2.
    Proof.
      intros S S' T. pose proof (begin_good w1 P H1 HP) as G1. pose proof (begin_good w2 P H2 HP) as G2.
      destruct (turns_decide_runs B HB Q _ _ _ S _ _ _ G1 G2 begin_alike S' T) as [E A2]. split; [exact E|].
      apply malike_same; [|exact A2]. exact (lsteps_good B HB _ _ _ G1 S).
    Qed.
  End Runs.
End Confidential.

Theorem confidential : forall B Q P w1 w2 ls m1,
  board_ok B -> mem_inv B w1 -> mem_inv B w2 -> kserv_ok P -> alike B Q w1 w2 ->
  lsteps B (begin w1 P) ls m1 ->
  (* the same run is possible in the other world, but for the steps that nobody of KServ and Q sees *)
  (exists m2, lsteps B (begin w2 P) (filter (seen Q) ls) m2 /\ same_for Q m1 m2) /\
  (* and any run there with the same turns: the same answers, and the same in the end *)
  (forall ls' m2, lsteps B (begin w2 P) ls' m2 ->
     Forall2 same_turn (filter (seen Q) ls) (filter (seen Q) ls') ->
     filter (seen Q) ls = filter (seen Q) ls' /\ same_for Q m1 m2).
Proof.
  intros B Q P w1 w2 ls m1 HB H1 H2 HP A S. split.
  - exact (runs_match B HB Q P w1 w2 H1 H2 HP A ls m1 S).
  - intros ls' m2 S' T. exact (runs_decided B HB Q P w1 w2 H1 H2 HP A ls ls' m1 m2 S S' T).
Qed.
