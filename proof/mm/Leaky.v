(** * The theorem would notice: calls that leak

    [noninterference] says that KServ's programs learn no secret through KCore's calls.  It would be worth little if
    it held of any calls.  Here are four, each against one condition of the contract, for which it is false: VM 1 keeps
    [1] or [2] in its private page (or stores it there on the way), and in the end it is in KServ's register.  And a
    fifth, for which [private_kept] (System_Integrity.v) is false. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits.
From Redoubt.machine Require Import State Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Table_Spec Alike Integrity Example Example_Vm.
From Redoubt.machine Require Import System.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** Noninterference of the system in which calls run [answer]: as the theorem says it. *)
Definition noninterfering (answer : Z -> Z -> Z -> Z -> Z -> Z -> prog (option Z)) (offered : Z -> Prop) : Prop :=
  forall (R : Type) (kserv guest : agent R) (Q : Z -> bool) w1 w2 r g1 g2 ls1 ls2 s1 s2,
  mem_inv B0 w1 -> mem_inv B0 w2 -> alike B0 Q w1 w2 -> (forall h j, Q h = true -> g1 h j = g2 h j) ->
  steps B0 kserv guest answer offered (start w1 r g1) ls1 s1 ->
  steps B0 kserv guest answer offered (start w2 r g2) ls2 s2 ->
  trace Q ls1 = trace Q ls2 -> same_for Q s1 s2.

(** ** The attack *)
(** KServ calls once, and then loads word 0 of frame [fn]; its register is 0, then 1, then what it has got, or the
    status if it is refused. *)
Definition spy (fn : Z) : agent Z := {|
  act := fun r => if r =? 0 then Call 5 0 0 0 0 else Load fn 0;
  next := fun r x => match x with Done _ _ _ => 1 | Refused v => v | Loaded v => v | _ => r end |}.
(** VM 1 keeps its register in word 0 of its page. *)
Definition keeper : agent Z := {| act := fun r => Store 0 0 r; next := fun r _ => r |}.
Definition secret_register (y h : Z) (j : nat) : Z := if h =? 1 then y else 0.

(** Calls that run [T], whatever is asked. *)
Definition always (T : prog (option Z)) : Z -> Z -> Z -> Z -> Z -> Z -> prog (option Z) := fun _ _ _ _ _ _ => T.
Notation attack T fn := (steps B0 (spy fn) keeper (always T) (fun _ => True)).

(** KServ's register in the end, for the secret [x] in the page and [y] in the VM's register. *)
Definition spies (T : prog (option Z)) (fn x y v : Z) (tr : list seen) : Prop := exists ls s,
  attack T fn (start (vm_world x) (fun _ => 0) (secret_register y)) ls s /\
  trace but_one ls = tr /\ s_cpu s O = In_kserv v.

Lemma spied T fn x y v x' y' v' tr : spies T fn x y v tr -> spies T fn x' y' v' tr -> v <> v' ->
  ~ noninterfering (always T) (fun _ => True).
Proof.
  intros (ls & s & S & E & C) (ls' & s' & S' & E' & C') N H.
  assert (X : same_for but_one s s').
  { apply (H Z (spy fn) keeper but_one (vm_world x) (vm_world x') (fun _ => 0) (secret_register y) (secret_register y')
      ls ls' s s' (example_vm x) (example_vm x') (example_alike x x')); [|exact S|exact S'|congruence].
    intros h j Hq. unfold but_one, secret_register in *. destruct (h =? 1); [discriminate Hq|reflexivity]. }
  apply N. pose proof (sf_cpu _ _ _ _ X O) as Y. rewrite C, C' in Y. congruence.
Qed.

(** ** Steps *)
Ltac turn := eapply steps_next.
Ltac calls := turn; [eapply step_call with (c := 0%nat); [apply PeanoNat.Nat.lt_0_succ|reflexivity|reflexivity|exact I]|].
Ltac ev := turn; [eapply step_event with (c := 0%nat); [reflexivity|
  eapply k_event with (v := 0); [discriminate|discriminate|exact eq_refl]]|].
Ltac ask := turn; [eapply step_event with (c := 0%nat); [reflexivity|
  eapply k_event; [discriminate|discriminate|exact (conj eq_refl eq_refl)]]|].
Ltac enters := calls; ev; ev; ev.
Ltac returns := turn; [eapply step_return with (c := 0%nat); reflexivity|].
Ltac loads tac := turn; [eapply step_kserv with (c := 0%nat); [reflexivity|
  eapply acc_load; [tac|split; [discriminate|reflexivity]]]|].
Ltac ends := apply steps_refl.

(** ** Four calls *)
Definition done : prog (option Z) := Ret (Some 0).
(** The page becomes KServ's, and KServ's tables get it. *)
Definition free : prog (option Z) :=
  Ev (ECall "meta_set" [page; mk_state PG_HOST 0 0]) (fun _ =>
  Ev (ECall "pte_set" [base + 4; 4; page_desc page ATTR_HOST]) (fun _ => done)).

(** KServ's walker for the frame of VM 1's page, and its entry when the table has it. *)
Lemma kserv_walk x fn : frame fn -> fn / 2 ^ 9 = 513 -> w_walk (vm_world x) 0 3 fn (base + 4).
Proof.
  intros F G. assert (G2 : fn / 2 ^ 18 = 1) by (clear - G; words).
  change 3 with (2 + 1). apply (walk_next B0 (raw1 x) 0 2 fn (base + 2)); [|rewrite (host2 x fn G2), G; reflexivity].
  change 2 with (1 + 1) at 1. apply (walk_next B0 (raw1 x) 0 1 fn (base + fn / 2 ^ 27));
    [|rewrite (host1 x fn F), G2; reflexivity].
  apply (walk_start B0 (raw1 x) 0 base fn); [left; split; reflexivity|exact F].
Qed.
Lemma mapped w : w_walk w 0 3 page (base + 4) ->
  w_tlb (write_word B0 (base + 4) 4 (page_desc page ATTR_HOST) w) Stage2 0 page page.
Proof.
  intros W. right. exists 3, (base + 4). split; [apply walk_old, W|].
  unfold word; cbn [w_ram set_ram]. unfold store_word.
  replace ((base + 4 =? base + 4) && (index 3 page =? 4)) with true by reflexivity. reflexivity.
Qed.
Lemma page_frame : frame page.
Proof. split; [discriminate|reflexivity]. Qed.

(** What is seen of a run in which KServ calls, KCore makes [n] steps, and KServ loads from frame [fn]. *)
Definition one_call (n : nat) : list seen := Turn (By_kserv 0 None) :: repeat (Turn (By_kcore 0 0)) n.
Definition call_and_load (n : nat) (p : Z) : list seen := (one_call n ++ [Turn (By_kserv 0 (Some p))])%list.

(** 1. A page that is not zeroed before it becomes KServ's. *)
Theorem leak_not_zeroed : ~ noninterfering (always free) (fun _ => True).
Proof.
  assert (A : forall x, spies free page x 0 (wrap U64 x) (call_and_load 6 page)).
  { intros x. do 2 eexists. split; [|split].
    - enters. ev. ev. returns. loads ltac:(apply mapped; exact (kserv_walk x page page_frame eq_refl)). ends.
    - reflexivity.
    - reflexivity. }
  refine (spied free page 1 0 _ 2 0 _ _ (A 1) (A 2) _). discriminate.
Qed.

(** 2. A call whose status is a word of a private page. *)
Definition peek : prog (option Z) := Ev (ECall "pg_get" [page; 0]) (fun v => Ret (Some v)).

Theorem leak_answer : ~ noninterfering (always peek) (fun _ => True).
Proof.
  assert (A : forall x, x = 1 \/ x = 2 -> spies peek page x 0 x (one_call 7)).
  { intros x [-> | ->]; do 2 eexists; (split; [enters; ask; ask; ev; returns; ends|split; reflexivity]). }
  refine (spied peek page 1 0 _ 2 0 _ _ (A 1 _) (A 2 _) _); auto. discriminate.
Qed.

(** 3. A private page copied into one of KServ's. *)
Definition copy : prog (option Z) := Ev (ECall "page_copy" [root + 5; page]) (fun _ => done).

Theorem leak_copy : ~ noninterfering (always copy) (fun _ => True).
Proof.
  assert (F : frame (root + 5)) by (split; [discriminate|reflexivity]).
  assert (M : forall x, w_tlb (vm_world x) Stage2 0 (root + 5) (root + 5)).
  { intros x. right. exists 3, (base + 4). split; [exact (kserv_walk x (root + 5) F eq_refl)|].
    rewrite (host3 x (root + 5) eq_refl). exact (page_leaf (root + 5) (root + 5) F). }
  assert (A : forall x, spies copy (root + 5) x 0 (wrap U64 x) (call_and_load 5 (root + 5))).
  { intros x. do 2 eexists. split; [|split].
    - enters. ev. returns. loads ltac:(left; exact (M x)). ends.
    - reflexivity.
    - reflexivity. }
  refine (spied copy (root + 5) 1 0 _ 2 0 _ _ (A 1) (A 2) _). discriminate.
Qed.

(** 4. A page zeroed while the VM still reaches it: the VM stores between the zeroing and the change of owner. *)
Definition zero_early : prog (option Z) := Ev (ECall "page_zero" [page]) (fun _ => free).

Theorem leak_reached : ~ noninterfering (always zero_early) (fun _ => True).
Proof.
  assert (A : forall y, spies zero_early page 0 y (wrap U64 y) (call_and_load 7 page)).
  { intros y. do 2 eexists. split; [|split].
    - enters. ev.
      turn; [eapply step_vm with (h := 1) (j := 0%nat); [split; discriminate|
        eapply acc_store; [left; exact (secret_tlb 0)|split; [discriminate|reflexivity]]]|].
      ev. ev. returns.
      loads ltac:(apply mapped; apply walk_old, walk_old; exact (kserv_walk 0 page page_frame eq_refl)). ends.
    - reflexivity.
    - reflexivity. }
  refine (spied zero_early page 0 1 _ 0 2 _ _ (A 1) (A 2) _). discriminate.
Qed.

(** ** Integrity *)
Definition keeping (answer : Z -> Z -> Z -> Z -> Z -> Z -> prog (option Z)) (offered : Z -> Prop) : Prop :=
  forall (R : Type) (kserv guest : agent R) w r g ls s l s' h fn p,
  mem_inv B0 w -> steps B0 kserv guest answer offered (start w r g) ls s -> step B0 kserv guest answer offered s l s' ->
  private_page B0 (s_world s) h fn p -> reached (s_world s) p ->
  private_page B0 (s_world s') h fn p /\
  ((exists j t f, l = By_vm h j t f) \/ (exists c x, l = By_kcore c x /\ has (Z.of_nat c) (s_world s) [h]) \/
   forall i, w_ram (s_world s') p i = w_ram (s_world s) p i).

(** 5. A call with which KServ writes into a VM's private page. *)
Definition poke : prog (option Z) := Ev (ECall "pg_set" [page; 0; 7]) (fun _ => done).

Theorem break_store : ~ keeping (always poke) (fun _ => True).
Proof.
  intros H.
  assert (A : exists ls s x s', attack poke page (start (vm_world 0) (fun _ => 0) (secret_register 0)) ls s /\
      step B0 (spy page) keeper (always poke) (fun _ => True) s (By_kcore 0 x) s' /\
      private_page B0 (s_world s) 1 0 page /\ reached (s_world s) page /\
      (forall i, token (s_world s) 1 i = 0) /\ w_ram (s_world s) page 0 = 0 /\ w_ram (s_world s') page 0 = 7).
  { do 4 eexists. split; [enters; ends|]. split; [|split; [|split; [|split; [|split]]]].
    - eapply step_event with (c := 0%nat); [reflexivity|].
      eapply k_event with (v := 0); [discriminate|discriminate|exact eq_refl].
    - split; [apply in_ram; unfold page, root, base; lia|]. repeat split; reflexivity.
    - exists 1, Stage2, 0. exact (secret_tlb 0).
    - intros i. reflexivity.
    - reflexivity.
    - reflexivity. }
  destruct A as (ls & s & x & s' & S & L & P & Rd & T & W & W').
  destruct (H Z (spy page) keeper _ _ _ ls s _ s' 1 0 page (example_vm 0) S L P Rd) as [_ [(? & ? & ? & X)|[(c & y & X & i & Y)|X]]].
  - discriminate X.
  - rewrite T in Y. lia.
  - rewrite X, W in W'. discriminate W'.
Qed.
