(** * Symbolic execution

    A goal [wp C (invoke F fuel f args) Q w] is worked off from the outside in:

    - [enter]         opens the body of the function in the goal;
    - [step]          applies the rule of the construct in front; [steps] goes on while it can;
    - [call H]        replaces a call by the specification [H] of the callee;
    - [loop I from m] proves a loop by the invariant [I : Z -> env -> W -> Prop], first measure [m];
    - [join J]        proves an [if] to reach [J], and the rest of the block from [J], once;
    - [side], [range] close side conditions: bounds of indices, shifts, absence of wrap-around;
    - [unwrap]        removes [wrap t z] wherever [z] is in range already;
    - [boolify]       turns boolean hypotheses into propositions.

    [steps] stops at what needs a decision: a read, a write or a primitive (the world decides), a
    call, a loop.  A world teaches it its own events by redefining [on_event].  Nothing here ever
    computes a denotation: that would unfold programs into screens of text. *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Export Rules Bits.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** Conditions without effects are not split at every [&&] and [||] *)
(** No reads, no partial operation: evaluating it early or in vain makes no difference. *)
Fixpoint simple (x : expr) : bool :=
  match x with
  | Econst _ | Evar _ => true
  | Earith o _ a b =>
      match o with Odiv | Omod | Oshl | Oshr => false | _ => simple a && simple b end
  | Ecmp _ a b | Eandalso a b | Eorelse a b => simple a && simple b
  | Eneg _ a | Ecompl _ a | Enot a | Ecast _ a => simple a
  | Econd c a b => simple c && simple a && simple b
  | Eload _ _ _ | Etable _ _ => false
  end.

Lemma simple_eval e x : simple x = true ->
  (exists v, eval e x = Ret v) \/ (exists why, eval e x = Stuck why).
Proof.
  induction x as [z|x|t c l|data l|o t a IHa b IHb|o a IHa b IHb|t a IHa|t a IHa|a IHa|t a IHa
                 |a IHa b IHb|a IHa b IHb|c IHc a IHa b IHb];
    cbn; intros H; try discriminate; eauto.
  - destruct (lookup x e); eauto.
  - assert (simple a = true /\ simple b = true) as [Ha Hb]
      by (destruct o; try discriminate; apply andb_true_iff; exact H).
    destruct (IHa Ha) as [[u ->]|[u ->]]; cbn; eauto.
    destruct (IHb Hb) as [[v ->]|[v ->]]; cbn; eauto. destruct o; try discriminate; cbn; eauto.
  - apply andb_true_iff in H as [Ha Hb].
    destruct (IHa Ha) as [[u ->]|[u ->]]; cbn; eauto.
    destruct (IHb Hb) as [[v ->]|[v ->]]; cbn; eauto.
  - destruct (IHa H) as [[u ->]|[u ->]]; cbn; eauto.
  - destruct (IHa H) as [[u ->]|[u ->]]; cbn; eauto.
  - destruct (IHa H) as [[u ->]|[u ->]]; cbn; eauto.
  - destruct (IHa H) as [[u ->]|[u ->]]; cbn; eauto.
  - apply andb_true_iff in H as [Ha Hb].
    destruct (IHa Ha) as [[u ->]|[u ->]]; cbn; eauto. destruct (u =? 0); eauto.
    destruct (IHb Hb) as [[v ->]|[v ->]]; cbn; eauto.
  - apply andb_true_iff in H as [Ha Hb].
    destruct (IHa Ha) as [[u ->]|[u ->]]; cbn; eauto. destruct (u =? 0); eauto.
    destruct (IHb Hb) as [[v ->]|[v ->]]; cbn; eauto.
  - rewrite !andb_true_iff in H. destruct H as [[Hc Ha] Hb].
    destruct (IHc Hc) as [[u ->]|[u ->]]; cbn; eauto. destruct (u =? 0); auto.
Qed.

Section Simple.
  Context {W : Type} (C : contract W).

  Lemma r_andalso_simple e a b (Q : Z -> W -> Prop) w : simple b = true ->
    wp C (eval e a) (fun u w1 => wp C (eval e b) (fun v w2 =>
      Q (bz (negb (u =? 0) && negb (v =? 0))) w2) w1) w ->
    wp C (eval e (Eandalso a b)) Q w.
  Proof.
    intros S H. apply r_andalso. eapply wp_mono; [exact H|]. cbv beta. intros u w1 K.
    destruct (simple_eval e b S) as [[v E]|[v E]]; rewrite E in *; cbn in K; [|tauto].
    destruct (Z.eqb_spec u 0) as [->|N]; cbn in K; (split; [|]); intros; try contradiction; auto.
  Qed.

  Lemma r_orelse_simple e a b (Q : Z -> W -> Prop) w : simple b = true ->
    wp C (eval e a) (fun u w1 => wp C (eval e b) (fun v w2 =>
      Q (bz (negb (u =? 0) || negb (v =? 0))) w2) w1) w ->
    wp C (eval e (Eorelse a b)) Q w.
  Proof.
    intros S H. apply r_orelse. eapply wp_mono; [exact H|]. cbv beta. intros u w1 K.
    destruct (simple_eval e b S) as [[v E]|[v E]]; rewrite E in *; cbn in K; [|tauto].
    destruct (Z.eqb_spec u 0) as [->|N]; cbn in K; (split; [|]); intros; try contradiction; auto.
  Qed.

  (** Arithmetic that is known not to wrap. *)
  Lemma r_add t a b (Q : Z -> W -> Prop) w : in_ty t (a + b) -> Q (a + b) w ->
    wp C (eval_arith Oadd t a b) Q w.
  Proof. intros H K. cbn. rewrite wrap_small by exact H. exact K. Qed.

  Lemma r_sub t a b (Q : Z -> W -> Prop) w : in_ty t (a - b) -> Q (a - b) w ->
    wp C (eval_arith Osub t a b) Q w.
  Proof. intros H K. cbn. rewrite wrap_small by exact H. exact K. Qed.

  Lemma r_mul t a b (Q : Z -> W -> Prop) w : in_ty t (a * b) -> Q (a * b) w ->
    wp C (eval_arith Omul t a b) Q w.
  Proof. intros H K. cbn. rewrite wrap_small by exact H. exact K. Qed.
End Simple.

(** ** Side conditions *)
Ltac range := solve [ unfold in_ty, wrap in *; cbn [modulus width] in *;
  first [ lia | Z.to_euclidean_division_equations; lia ] ].

Ltac side := first [ reflexivity | assumption | range ].

Ltac unwrap := repeat match goal with
  | |- context [wrap ?t (wrap ?t ?z)] => rewrite (wrap_wrap t z)
  | |- context [wrap ?t ?z] => rewrite (wrap_small t z) by range
  end.

(** ** Booleans *)
Ltac boolify := repeat match goal with
  | H : (_ && _) = true |- _ => apply andb_true_iff in H; destruct H
  | H : (_ || _) = false |- _ => apply orb_false_iff in H; destruct H
  | H : negb _ = true |- _ => apply negb_true_iff in H
  | H : negb _ = false |- _ => apply negb_false_iff in H
  | H : (_ =? _) = true |- _ => apply Z.eqb_eq in H
  | H : (_ =? _) = false |- _ => apply Z.eqb_neq in H
  | H : (_ <? _) = true |- _ => apply Z.ltb_lt in H
  | H : (_ <? _) = false |- _ => apply Z.ltb_ge in H
  | H : (_ <=? _) = true |- _ => apply Z.leb_le in H
  | H : (_ <=? _) = false |- _ => apply Z.leb_gt in H
  end.

Ltac norm_bool_in H :=
  try (apply bz_true in H); try (apply bz_false in H); rewrite ?bz_test, ?bz_not in H; boolify.

(** The hypothesis of a branch: named [E], normalised; a branch that cannot be taken is closed. *)
Ltac branch := let E := fresh "E" in intros E;
  first [ discriminate E | exfalso; apply E; reflexivity | norm_bool_in E ].

(** ** Steps *)
(** What to do at [wp C (Ev e k) Q w]; redefine with [Ltac on_event ::= ...]. *)
Ltac on_event := fail.

Ltac reduce_env := repeat match goal with
  | |- context [set ?x ?v ?e] =>
      let r := eval lazy beta iota zeta delta [set String.eqb Ascii.eqb Bool.eqb] in (set x v e) in
      change (set x v e) with r
  end.

Ltac step_eval x := lazymatch x with
  | Econst _ => apply r_const
  | Evar _ => eapply r_var;
      [ lazy beta iota zeta delta [lookup String.eqb Ascii.eqb Bool.eqb]; reflexivity | ]
  | Eload _ _ _ => apply r_load
  | Etable _ _ => apply r_table
  | Earith _ _ _ _ => apply r_arith
  | Ecmp _ _ _ => apply r_cmp
  | Eneg _ _ => apply r_neg
  | Ecompl _ _ => apply r_compl
  | Enot _ => apply r_not
  | Ecast _ _ => apply r_cast
  | Eandalso _ _ => first [ apply r_andalso_simple; [reflexivity|] | apply r_andalso ]
  | Eorelse _ _ => first [ apply r_orelse_simple; [reflexivity|] | apply r_orelse ]
  | Econd _ _ _ => apply r_cond
  end.

Ltac step_exec s := lazymatch s with
  | Sskip => apply r_skip
  | Sbreak => apply r_break
  | Scontinue => apply r_continue
  | Sseq _ _ => apply r_seq
  | Sdecl _ => apply r_decl
  | Sset _ _ => apply r_set
  | Sstore _ _ _ => apply r_store
  | Scall None _ _ => apply r_call
  | Scall (Some _) _ _ => apply r_call_set
  | Sif _ _ _ => apply r_if
  | Sreturn None => apply r_return_void
  | Sreturn (Some _) => apply r_return
  | Stail _ _ => apply r_tail
  end.

(** A table element: computed if the indices are numbers. *)
Ltac step_element := eapply r_element; [ cbn; reflexivity | ].

Ltac step_arith := lazymatch goal with
  | |- wp _ (eval_arith ?o ?t ?a ?b) _ _ =>
    let plain := (let p := eval lazy beta iota delta [eval_arith] in (eval_arith o t a b) in
      change (eval_arith o t a b) with p) in
    lazymatch o with
    | Oadd => first [ apply r_add; [range|] | plain ]
    | Osub => first [ apply r_sub; [range|] | plain ]
    | Omul => first [ apply r_mul; [range|] | plain ]
    | _ => plain
    end
  end.

(** Goes on after a call, an event or a join: reduces what the postcondition has decided. *)
Ltac reduce := cbv beta iota; reduce_env.

Ltac step_ := lazymatch goal with
  | |- wp _ (exec _ _ ?s _) _ _ => step_exec s
  | |- wp _ (eval _ ?x) _ _ => step_eval x
  | |- wp _ (eval_index _ ?l) _ _ =>
      lazymatch l with [] => apply r_index_nil | _ :: _ => apply r_index_cons end
  | |- wp _ (eval_args _ ?l) _ _ =>
      lazymatch l with [] => apply r_args_nil | _ :: _ => apply r_args_cons end
  | |- wp _ (eval_arith _ _ _ _) _ _ => step_arith
  | |- wp _ (demand _ _ _) _ _ => apply wp_demand; [ try side | ]
  | |- wp _ (leave _ _) _ _ => cbn [leave]
  | |- wp _ (element _ _ _) _ _ => step_element
  | |- wp _ (Ret ?a) ?Q ?w => change (Q a w)
  | |- wp _ (Ev _ _) _ _ => on_event
  | |- 0 <= _ < _ /\ wp _ _ _ _ => split; [ try side | ]
  | |- (_ <> 0 -> _) /\ (_ = 0 -> _) => cbn [eval_cmp]; rewrite ?bz_test, ?bz_not; split; branch
  | |- (_ = 0 -> _) /\ (_ <> 0 -> _) => cbn [eval_cmp]; rewrite ?bz_test, ?bz_not; split; branch
  end.

Ltac step := step_; reduce.
Ltac steps := reduce; repeat step.

(** ** Larger moves *)
Ltac enter := lazymatch goal with
  | |- wp ?C (invoke ?F ?fuel ?f ?vs) ?Q ?w =>
    let r := eval red in f in
    let e := eval lazy beta iota zeta delta
      [entry bind_params option_map f_params f_locals map app fst] in (entry r vs) in
    lazymatch e with Some ?e =>
      refine (r_invoke C F fuel f vs e Q w eq_refl _);
      let b := eval lazy beta iota delta [f_body] in (f_body r) in
      let t := eval lazy beta iota delta [f_result] in (f_result r) in
      change (f_body f) with b; change (f_result f) with t
    end
  end.

(** Goes on to the next [if] that has something behind it, not into it: for [join]. *)
Ltac to_if := reduce; repeat lazymatch goal with
  | |- wp _ (exec _ _ (Sseq (Sif _ _ _) _) _) _ _ => fail
  | _ => step
  end.

Tactic Notation "call" uconstr(H) :=
  eapply wp_mono; [ eapply H; try side
                  | cbv beta; let r := fresh "r" in let w' := fresh "w" in intros r w' ].

Tactic Notation "loop" constr(I) "from" constr(m) :=
  lazymatch goal with
  | |- wp ?C (exec ?F ?fuel (Sloop ?c ?s ?b) ?e) ?Q ?w =>
      refine (r_loop C F fuel c s b I m e Q w _ _ _)
  end.

Tactic Notation "join" constr(J) :=
  lazymatch goal with
  | |- wp ?C (exec ?F ?fuel (Sseq (Sif ?c ?a ?b) ?s) ?e) ?Q ?w =>
      refine (r_if_join C F fuel e c a b s J Q w _ _)
  end.
