(** * The theorem with traps would notice, and its trace is not too short

    [traps_noninterference] has the pieces of this file: a system, a trace, and what is the same in the end.  Here are programs
    in KCore's place for which it is false: VM 1 keeps [1] or [2] in its private page, and in the end it is in KServ's register.
    One breaks the contract of [meta_set].  The other two leak through what the trace is there to show, so they keep
    noninterference as it is stated (and break the list, [given_policy], or a specification), and lose it as soon as the trace leaves
    this out. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits.
From Redoubt.machine Require Import State Cpu Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Alike Example Example_Vm Traps_System.
From Redoubt.mm Require Leaky.
From Redoubt.machine Require System.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** As the theorem says it, of a machine whose CPUs begin with [boot], and of what [sees] lets through of a run. *)
Definition noninterfering (sees : label -> option label) (boot : Z -> prog (option Z)) : Prop :=
  forall (R : Type) (software : who -> agent R) (entry : Z -> trap -> prog (option Z)) (Q : Z -> bool) w1 w2 P1 P2 ls1 ls2 s1 s2,
  mem_inv B0 w1 -> mem_inv B0 w2 -> alike B0 Q w1 w2 -> (forall k, friend Q k = true -> P1 k = P2 k) ->
  steps B0 Q R software entry boot (start R boot w1 P1) ls1 s1 -> steps B0 Q R software entry boot (start R boot w2 P2) ls2 s2 ->
  flat_map (fun l => match sees l with Some x => [x] | None => [] end) ls1 =
  flat_map (fun l => match sees l with Some x => [x] | None => [] end) ls2 -> same_for Q R s1 s2.
Definition whole (l : label) : option label := if seen l then Some l else None.

(** KServ: when it has the CPU it loads word 0 of frame [fn], for ever. *)
Definition spy (fn : Z) : agent Z := {|
  act := fun r => Access (System.Load fn 0);
  interrupted := fun _ => {| t_kind := 0; t_regs := []; t_x := fun _ => 0 |};
  next := fun r x => match x with
    | Got (System.Loaded v) => v
    | Back _ regs => if r =? 0 then nth 0 regs 0 else r      (* the first of the registers that it finds: ELR_EL2 *)
    | _ => r end |}.
Notation run boot fn := (steps B0 but_one Z (fun _ => spy fn) (fun _ _ => Ret None) boot).

Definition spies sees (boot : Z -> prog (option Z)) (fn x v : Z) (tr : list label) : Prop := exists ls s,
  run boot fn (start Z boot (vm_world x) (fun _ => 0)) ls s /\
  flat_map (fun l => match sees l with Some x => [x] | None => [] end) ls = tr /\ s_prog Z s (Kserv 0) = v.
Lemma spied sees boot fn x v x' v' tr : spies sees boot fn x v tr -> spies sees boot fn x' v' tr -> v <> v' ->
  ~ noninterfering sees boot.
Proof.
  intros (ls & s & S & E & C) (ls' & s' & S' & E' & C') N H.
  assert (X : same_for but_one Z s s').
  { apply (H Z (fun _ => spy fn) (fun _ _ => Ret None) but_one (vm_world x) (vm_world x') (fun _ => 0) (fun _ => 0)
      ls ls' s s' (example_vm x) (example_vm x') (example_alike x x') (fun _ _ => eq_refl) S S'). congruence. }
  apply N. rewrite <- C, <- C'. apply (sf_prog _ _ _ _ X). reflexivity.
Qed.

(** ** Steps *)
Ltac turn := eapply steps_next.
Ltac pub := cbn; first [exact I|split; [intros [X|X]; discriminate X|intros X; discriminate X]].
Ltac does := turn; [eapply step_does with (c := 0%nat) (v := 0); [reflexivity|discriminate|discriminate|exact eq_refl|reflexivity|pub|
  apply no_page]|].
Ltac leaves := turn; [eapply step_leaves with (c := 0%nat); [reflexivity|reflexivity|reflexivity]|].
Ltac loads tac := turn; [eapply step_access with (c := 0%nat) (k := Kserv 0);
  [reflexivity|reflexivity|reflexivity|eapply System.acc_load; [tac|split; [discriminate|reflexivity]]]|].
Ltac ends := apply steps_refl.

(** 1. A page that is not zeroed before it becomes KServ's: noninterference as it is stated. *)
Definition free (c : Z) : prog (option Z) :=
  Ev (ECall "meta_set" [page; mk_state PG_HOST 0 0]) (fun _ =>
  Ev (ECall "pte_set" [base + 4; 4; page_desc page ATTR_HOST]) (fun _ => Ret None)).

Theorem leak_traps_not_zeroed : ~ noninterfering whole free.
Proof.
  assert (A : forall x, spies whole free page x (wrap U64 x)
    [Does 0 0 []; Does 0 0 []; Leaves 0 [0;0;0;0;0;0;0;0;0;0;0;0;0]; Accesses 0 (Some page)]).
  { intros x. do 2 eexists. split; [|split].
    - does. does. leaves. loads ltac:(apply Leaky.mapped; exact (Leaky.kserv_walk x page Leaky.page_frame eq_refl)). ends.
    - reflexivity.
    - reflexivity. }
  refine (spied whole free page 1 _ 2 _ _ (A 1) (A 2) _). discriminate.
Qed.

(** ** What the trace must have *)
Lemma page_secret x : secret B0 but_one (vm_world x) page.
Proof. split; [apply in_ram; unfold page, root, base; lia|]. split; [left; reflexivity|reflexivity]. Qed.
Lemma kserv_public x : ~ secret B0 but_one (vm_world x) (root + 5).
Proof. intros (_ & [K|K] & _); discriminate K. Qed.
(** A CPU that reads a private page gets dark, and reads. *)
Ltac darkens x := turn; [eapply step_darkens with (c := 0%nat); [reflexivity|reflexivity|
  cbn; intros [X _]; exact (proj1 (X (or_introl eq_refl)) (page_secret x))]|];
  turn; [eapply step_silent with (c := 0%nat); [reflexivity|discriminate|discriminate|exact (conj eq_refl eq_refl)|reflexivity|
    intros G; inversion G as [| ? ? X | |]; subst; discriminate X]|].

(** 2. It stores what it has read into a page of KServ's: no words of pages that are not secret in the trace. *)
Definition without_gives (l : label) : option label := match l with Gives _ _ _ => None | _ => whole l end.
Definition tells (c : Z) : prog (option Z) :=
  Ev (ECall "pg_get" [page; 0]) (fun v => Ev (ECall "pg_set" [root + 5; 0; v]) (fun _ => Ret None)).

Theorem leak_without_gives : ~ noninterfering without_gives tells.
Proof.
  assert (F : frame (root + 5)) by (split; [discriminate|reflexivity]).
  assert (M : forall x, w_tlb (vm_world x) Stage2 0 (root + 5) (root + 5)).
  { intros x. right. exists 3, (base + 4). split; [exact (Leaky.kserv_walk x (root + 5) F eq_refl)|].
    rewrite (host3 x (root + 5) eq_refl). exact (page_leaf (root + 5) (root + 5) F). }
  assert (A : forall x, spies without_gives tells (root + 5) x (wrap U64 (wrap U64 x))
    [Darkens 0; Leaves 0 [0;0;0;0;0;0;0;0;0;0;0;0;0]; Accesses 0 (Some (root + 5))]).
  { intros x. do 2 eexists. split; [|split].
    - darkens x.
      turn; [eapply step_gives with (c := 0%nat) (v := 0); [reflexivity|discriminate|discriminate|exact eq_refl|reflexivity| |]|].
      { eapply give_page; [reflexivity|exact (kserv_public x)]. }
      { apply open_words. exact (kserv_public x). }
      leaves. loads ltac:(left; exact (M x)). ends.
    - reflexivity.
    - reflexivity. }
  refine (spied without_gives tells (root + 5) 1 _ 2 _ _ (A 1) (A 2) _). discriminate.
Qed.

(** 3. It leaves what it has read in a register that KServ finds: no registers left behind in the trace. *)
Definition without_left (l : label) : option label := match l with Leaves c _ => Some (Leaves c []) | _ => whole l end.
Definition leaves_it (c : Z) : prog (option Z) :=
  Ev (ECall "pg_get" [page; 0]) (fun v => Ev (ECall "elr_set" [v]) (fun _ => Ret None)).

Theorem leak_without_left : ~ noninterfering without_left leaves_it.
Proof.
  assert (A : forall x, spies without_left leaves_it page x (wrap U64 (wrap U64 x)) [Darkens 0; Leaves 0 []]).
  { intros x. do 2 eexists. split; [|split].
    - darkens x.
      turn; [eapply step_silent with (c := 0%nat) (v := 0); [reflexivity|discriminate|discriminate|exact (conj I eq_refl)|reflexivity|
        intros G; inversion G as [| ? ? X | |]; subst; discriminate X]|].
      leaves. ends.
    - reflexivity.
    - reflexivity. }
  refine (spied without_left leaves_it page 1 _ 2 _ _ (A 1) (A 2) _). discriminate.
Qed.
