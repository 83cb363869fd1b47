(** * Without [decided] there is no noninterference

    A KCore that keeps every law of [Rules.v], moves no page, and tells KServ a word of a VM's private page as the
    result of a call.  So the laws on pages are not enough: a machine that declares whatever KCore answers would hide
    this leak.  (That each law on pages is needed, [mm/Leaky.v] shows on the machine below.) *)
From Coq Require Import ZArith List Bool Lia.
From Redoubt.link Require Import Rules.
Import ListNotations.
Open Scope Z_scope.

(** KServ keeps the last result; nobody does anything else. *)
Definition listener : P.agent Z := {|
  P.act := fun _ => P.Compute;
  P.next := fun r y => match y with P.Done x _ _ => x | _ => r end |}.

Section Leak.
  Notation state := (state Z unit unit).
  Definition tells (c : nat) (x : Z) (s : state) (d : deed) (k : unit) (a : unit -> Z -> Z -> Z -> Prop)
      (w : Z -> Z -> Z -> Z -> Prop) : Prop :=
    d = Answer (P.Done (word s 5 0) 0 0) /\ a = at_ s /\ w = table s.
  Definition teller : S.system Z P.seen :=
    rules listener listener (fun _ => False) eq (fun _ _ => False) (fun _ _ _ => False) tells
      (fun _ _ _ _ _ _ _ _ => False).

  (** Page 5 is VM 1's; CPU 0 is in KCore, with KServ's register [r]. *)
  Definition with_secret (x r : Z) (inside : bool) : state := {|
    keep := tt; page := fun p => if p =? 5 then Private 1 0 else Core; word := fun p _ => if p =? 5 then x else 0;
    at_ := fun _ _ _ _ => False; table := fun _ _ _ _ => False;
    cpu := fun c => if Nat.eqb c 0 then (inside, r) else (false, 0); vcpu := fun _ _ => 0 |}.

  Lemma one_call x : S.run teller (with_secret x 0 true) [P.By_kcore 0 0] (with_secret x x false).
  Proof.
    refine (S.run_cons teller _ _ (with_secret x x false) _ _ _ (S.run_nil _ _)).
    eapply by_kcore; [reflexivity|split; [reflexivity|split; reflexivity]|exact I|exact I| |intros k h a p []].
    constructor; cbn; try reflexivity. intros c. unfold set_cpu. cbn. destruct (Nat.eqb c 0); reflexivity.
  Qed.

  Theorem leak_decided : ~ S.NI teller (fun _ => false).
  Proof.
    intros N.
    assert (E : alike eq (fun _ => false) (with_secret 0 0 false) (with_secret 1 1 false)).
    { apply (N (with_secret 0 0 true) (with_secret 1 0 true) [P.By_kcore 0 0] [P.By_kcore 0 0]);
        [intros k h a p []|intros k h a p []| |apply one_call|apply one_call|reflexivity].
      constructor; cbn; try reflexivity; try discriminate. intros p i _ H. destruct (p =? 5); [|reflexivity].
      destruct H. reflexivity. }
    pose proof (al_cpu _ _ _ _ _ _ _ E 0%nat) as C. discriminate C.
  Qed.
End Leak.
