(** * Linking: from the proofs of single functions to the program

    The proof of a function speaks of any environment [F] whose functions meet their
    specifications: [forall F, alloc_spec (F "alloc") -> walk_spec (invoke F fuel f_walk)].  A
    specification is a property of a denotation [list Z -> prog (option Z)], so it does not depend
    on the program around the function.  [link_program] puts such proofs together. *)
From Coq Require Import ZArith List String Bool.
From Redoubt.sem Require Import Sem.
Import ListNotations.
Open Scope string_scope.

Definition den := list Z -> prog (option Z).

(** The functions that a statement calls. *)
Fixpoint calls (s : stmt) : list ident :=
  match s with
  | Scall _ f _ | Stail f _ => [f]
  | Sseq a b | Sif _ a b | Sloop _ a b => calls a ++ calls b
  | _ => []
  end.

Definition names (p : list func) : list ident := map f_name p.
Definition mem_name (x : ident) (l : list ident) : bool := existsb (String.eqb x) l.

(** Every call is to a function behind the caller in the list, or to a primitive. *)
Fixpoint calls_resolved (prims : ident -> option signature) (p : list func) : bool :=
  match p with
  | [] => true
  | g :: p' =>
      forallb (fun c =>
          mem_name c (names p') || match prims c with Some _ => true | None => false end)
        (calls g.(f_body)) && calls_resolved prims p'
  end.

Lemma mem_name_In x l : mem_name x l = true <-> In x l.
Proof.
  unfold mem_name. rewrite existsb_exists. split.
  - intros (y & I & E). apply String.eqb_eq in E. subst; exact I.
  - intros I. exists x. split; [exact I|apply String.eqb_refl].
Qed.

Lemma denote_primitive fuel prims p f :
  ~ In f (names p) -> denote fuel prims p f = call_primitive prims f.
Proof.
  induction p as [|g p IH]; cbn; intros N; [reflexivity|].
  destruct (String.eqb_spec f (f_name g)) as [->|]; [tauto|apply IH; tauto].
Qed.

(** Functions in front do not change what is behind them. *)
Lemma denote_app fuel prims l p f :
  ~ In f (names l) -> denote fuel prims (l ++ p) f = denote fuel prims p f.
Proof.
  induction l as [|g l IH]; cbn; intros N; [reflexivity|].
  destruct (String.eqb_spec f (f_name g)) as [->|]; [tauto|apply IH; tauto].
Qed.

(** The definition of [f] in [p], with the functions that it sees. *)
Fixpoint find_func (f : ident) (p : list func) : option (func * list func) :=
  match p with
  | [] => None
  | g :: p' => if String.eqb f g.(f_name) then Some (g, p') else find_func f p'
  end.

Lemma denote_find fuel prims p f g p' : find_func f p = Some (g, p') ->
  denote fuel prims p f = invoke (denote fuel prims p') fuel g.
Proof.
  induction p as [|h p IH]; cbn; [discriminate|].
  destruct (String.eqb f (f_name h)); [intros [= -> ->]; reflexivity|exact IH].
Qed.

Section Link.
  Variables (fuel : nat) (prims : ident -> option signature).
  (** What is claimed of each function; [fun _ => True] for one without a specification. *)
  Variable spec : ident -> den -> Prop.

  (** [g] is verified: it meets its specification wherever its callees meet theirs. *)
  Definition verified (g : func) : Prop :=
    forall F : fenv, (forall c, In c (calls g.(f_body)) -> spec c (F c)) ->
      spec g.(f_name) (invoke F fuel g).

  Theorem link_program p :
    (forall f s, prims f = Some s -> spec f (call_primitive prims f)) ->
    Forall verified p ->
    calls_resolved prims p = true ->
    forall f, In f (names p) -> spec f (denote fuel prims p f).
  Proof.
    intros Hprim. induction p as [|g p IH]; intros V R f I; [destruct I|].
    inversion V as [|? ? Vg Vp]; subst. cbn in R. apply andb_true_iff in R as [Rg Rp].
    cbn. destruct (String.eqb_spec f (f_name g)) as [->|N].
    - apply Vg. intros c Ic. rewrite forallb_forall in Rg. specialize (Rg c Ic).
      destruct (in_dec string_dec c (names p)) as [J|J]; [apply IH; assumption|].
      apply orb_true_iff in Rg as [Rc|Rc]; [apply mem_name_In in Rc; tauto|].
      rewrite denote_primitive by exact J.
      destruct (prims c) as [s|] eqn:E; [eapply Hprim, E|discriminate].
    - apply IH; [assumption..|]. cbn in I. destruct I; [congruence|assumption].
  Qed.
End Link.

(** In a proof of [verified g]: the specification of a callee, from the hypothesis [H] on [F]. *)
Ltac callee H := lazymatch goal with
  | |- _ (_ ?c) => refine (H c _); apply mem_name_In; vm_compute; reflexivity
  end.
