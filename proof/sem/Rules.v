(** * One weakest-precondition rule for every construct

    Proofs never compute a denotation: they apply the rule of the outermost construct.  The tactics
    of [Tactics.v] choose the rule; this file only has to be read to know what they leave to prove.
    *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Export Wp.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Rules.
  Context {W : Type} (C : contract W) (F : fenv) (fuel : nat).
  Implicit Types (w : W) (e : env).

  Ltac rule H := apply wp_bind; exact H.
  Ltac bind2 H := apply wp_bind; eapply wp_mono; [exact H|]; intros; apply wp_bind; assumption.

  (** ** Expressions *)
  Lemma r_const e z (Q : Z -> W -> Prop) w : Q z w -> wp C (eval e (Econst z)) Q w.
  Proof. auto. Qed.

  Lemma r_var e x v (Q : Z -> W -> Prop) w :
    lookup x e = Some v -> Q v w -> wp C (eval e (Evar x)) Q w.
  Proof. cbn; intros ->; auto. Qed.

  Lemma r_load e t c l (Q : Z -> W -> Prop) w :
    wp C (eval_index e l) (fun ix w1 =>
      wp C (Ev (ERead (c, ix)) (fun v => Ret (wrap t v))) Q w1) w ->
    wp C (eval e (Eload t c l)) Q w.
  Proof. intros H; rule H. Qed.

  Lemma r_table e data l (Q : Z -> W -> Prop) w :
    wp C (eval_index e l) (fun ix w1 => wp C (element data (map fst l) ix) Q w1) w ->
    wp C (eval e (Etable data l)) Q w.
  Proof. intros H; rule H. Qed.

  Lemma r_element data ns vs v (Q : Z -> W -> Prop) w :
    nth_error data (Z.to_nat (position 0 ns vs)) = Some v -> Q v w ->
    wp C (element data ns vs) Q w.
  Proof. unfold element; intros ->; auto. Qed.

  Lemma r_arith e o t a b (Q : Z -> W -> Prop) w :
    wp C (eval e a) (fun u w1 =>
      wp C (eval e b) (fun v w2 => wp C (eval_arith o t u v) Q w2) w1) w ->
    wp C (eval e (Earith o t a b)) Q w.
  Proof. intros H; bind2 H. Qed.

  Lemma r_cmp e o a b (Q : Z -> W -> Prop) w :
    wp C (eval e a) (fun u w1 => wp C (eval e b) (fun v w2 => Q (bz (eval_cmp o u v)) w2) w1) w ->
    wp C (eval e (Ecmp o a b)) Q w.
  Proof. intros H; bind2 H. Qed.

  Lemma r_neg e t a (Q : Z -> W -> Prop) w :
    wp C (eval e a) (fun u w1 => Q (wrap t (- u)) w1) w -> wp C (eval e (Eneg t a)) Q w.
  Proof. intros H; rule H. Qed.

  Lemma r_compl e t a (Q : Z -> W -> Prop) w :
    wp C (eval e a) (fun u w1 => Q (modulus t - 1 - u) w1) w -> wp C (eval e (Ecompl t a)) Q w.
  Proof. intros H; rule H. Qed.

  Lemma r_not e a (Q : Z -> W -> Prop) w :
    wp C (eval e a) (fun u w1 => Q (bz (u =? 0)) w1) w -> wp C (eval e (Enot a)) Q w.
  Proof. intros H; rule H. Qed.

  Lemma r_cast e t a (Q : Z -> W -> Prop) w :
    wp C (eval e a) (fun u w1 => Q (wrap t u) w1) w -> wp C (eval e (Ecast t a)) Q w.
  Proof. intros H; rule H. Qed.

  Lemma r_andalso e a b (Q : Z -> W -> Prop) w :
    wp C (eval e a) (fun u w1 =>
      (u = 0 -> Q 0 w1) /\
      (u <> 0 -> wp C (eval e b) (fun v w2 => Q (bz (negb (v =? 0))) w2) w1)) w ->
    wp C (eval e (Eandalso a b)) Q w.
  Proof.
    intros H. cbn. apply wp_bind. eapply wp_mono; [exact H|]. cbn. intros u w1 [H0 H1].
    destruct (Z.eqb_spec u 0); [cbn; auto|]. apply wp_bind, H1; assumption.
  Qed.

  Lemma r_orelse e a b (Q : Z -> W -> Prop) w :
    wp C (eval e a) (fun u w1 =>
      (u <> 0 -> Q 1 w1) /\
      (u = 0 -> wp C (eval e b) (fun v w2 => Q (bz (negb (v =? 0))) w2) w1)) w ->
    wp C (eval e (Eorelse a b)) Q w.
  Proof.
    intros H. cbn. apply wp_bind. eapply wp_mono; [exact H|]. cbn. intros u w1 [H0 H1].
    destruct (Z.eqb_spec u 0); [apply wp_bind, H1; assumption|cbn; auto].
  Qed.

  Lemma r_cond e c a b (Q : Z -> W -> Prop) w :
    wp C (eval e c) (fun u w1 =>
      (u <> 0 -> wp C (eval e a) Q w1) /\ (u = 0 -> wp C (eval e b) Q w1)) w ->
    wp C (eval e (Econd c a b)) Q w.
  Proof.
    intros H. cbn. apply wp_bind. eapply wp_mono; [exact H|]. cbn. intros u w1 [H0 H1].
    destruct (Z.eqb_spec u 0); auto.
  Qed.

  (** ** Indices and arguments *)
  Lemma r_index_nil e (Q : list Z -> W -> Prop) w : Q [] w -> wp C (eval_index e []) Q w.
  Proof. auto. Qed.

  Lemma r_index_cons e n i r (Q : list Z -> W -> Prop) w :
    wp C (eval e i) (fun v w1 =>
      0 <= v < n /\ wp C (eval_index e r) (fun vs w2 => Q (v :: vs) w2) w1) w ->
    wp C (eval_index e ((n, i) :: r)) Q w.
  Proof.
    intros H. unfold eval_index; cbn. apply wp_bind. eapply wp_mono; [exact H|].
    cbn. intros v w1 [B K]. apply wp_demand; [lia|]. apply wp_bind, K.
  Qed.

  Lemma r_args_nil e (Q : list Z -> W -> Prop) w : Q [] w -> wp C (eval_args e []) Q w.
  Proof. auto. Qed.

  Lemma r_args_cons e x r (Q : list Z -> W -> Prop) w :
    wp C (eval e x) (fun v w1 => wp C (eval_args e r) (fun vs w2 => Q (v :: vs) w2) w1) w ->
    wp C (eval_args e (x :: r)) Q w.
  Proof. intros H; bind2 H. Qed.

  (** ** Statements *)
  Lemma r_skip e (Q : outcome -> W -> Prop) w : Q (Normal e) w -> wp C (exec F fuel Sskip e) Q w.
  Proof. auto. Qed.

  Lemma r_break e (Q : outcome -> W -> Prop) w : Q (Break e) w -> wp C (exec F fuel Sbreak e) Q w.
  Proof. auto. Qed.

  Lemma r_continue e (Q : outcome -> W -> Prop) w :
    Q (Continue e) w -> wp C (exec F fuel Scontinue e) Q w.
  Proof. auto. Qed.

  Lemma r_seq e a b (Q : outcome -> W -> Prop) w :
    wp C (exec F fuel a e) (fun o w1 =>
      match o with Normal e' => wp C (exec F fuel b e') Q w1 | _ => Q o w1 end) w ->
    wp C (exec F fuel (Sseq a b) e) Q w.
  Proof.
    intros H. cbn. apply wp_bind. eapply wp_mono; [exact H|]. cbn. intros o w1; destruct o; auto.
  Qed.

  Lemma r_decl e x (Q : outcome -> W -> Prop) w :
    Q (Normal (set x None e)) w -> wp C (exec F fuel (Sdecl x) e) Q w.
  Proof. auto. Qed.

  Lemma r_set e x a (Q : outcome -> W -> Prop) w :
    wp C (eval e a) (fun v w1 => Q (Normal (set x (Some v) e)) w1) w ->
    wp C (exec F fuel (Sset x a) e) Q w.
  Proof. intros H; rule H. Qed.

  Lemma r_store e c l a (Q : outcome -> W -> Prop) w :
    wp C (eval_index e l) (fun ix w1 =>
      wp C (eval e a) (fun v w2 =>
        wp C (Ev (EWrite (c, ix) v) (fun _ => Ret (Normal e))) Q w2) w1) w ->
    wp C (exec F fuel (Sstore c l a) e) Q w.
  Proof. intros H; bind2 H. Qed.

  Lemma r_call e f l (Q : outcome -> W -> Prop) w :
    wp C (eval_args e l) (fun vs w1 => wp C (F f vs) (fun _ w2 => Q (Normal e) w2) w1) w ->
    wp C (exec F fuel (Scall None f l) e) Q w.
  Proof. intros H; bind2 H. Qed.

  Lemma r_call_set e x f l (Q : outcome -> W -> Prop) w :
    wp C (eval_args e l) (fun vs w1 =>
      wp C (F f vs) (fun r w2 =>
        match r with Some v => Q (Normal (set x (Some v) e)) w2 | None => False end) w1) w ->
    wp C (exec F fuel (Scall (Some x) f l) e) Q w.
  Proof.
    intros H. cbn. apply wp_bind. eapply wp_mono; [exact H|]. cbn. intros vs w1 K. apply wp_bind.
    eapply wp_mono; [exact K|]. cbn. intros [v|] w2; auto.
  Qed.

  Lemma r_if e c a b (Q : outcome -> W -> Prop) w :
    wp C (eval e c) (fun v w1 =>
      (v <> 0 -> wp C (exec F fuel a e) Q w1) /\ (v = 0 -> wp C (exec F fuel b e) Q w1)) w ->
    wp C (exec F fuel (Sif c a b) e) Q w.
  Proof.
    intros H. cbn. apply wp_bind. eapply wp_mono; [exact H|]. cbn. intros v w1 [H0 H1].
    destruct (Z.eqb_spec v 0); auto.
  Qed.

  (** [if] with an intermediate assertion: both branches reach [J], the rest starts from [J].  Use
      it before a long tail, or goals double at every [if]. *)
  Lemma r_if_join e c a b s (J : env -> W -> Prop) (Q : outcome -> W -> Prop) w :
    wp C (exec F fuel (Sif c a b) e)
       (fun o w1 => match o with Normal e' => J e' w1 | _ => Q o w1 end) w ->
    (forall e' w1, J e' w1 -> wp C (exec F fuel s e') Q w1) ->
    wp C (exec F fuel (Sseq (Sif c a b) s) e) Q w.
  Proof.
    intros H K. apply r_seq. eapply wp_mono; [exact H|]. intros [e'|e'|e'|v] w1; auto.
  Qed.

  Lemma r_return_void e (Q : outcome -> W -> Prop) w :
    Q (Return None) w -> wp C (exec F fuel (Sreturn None) e) Q w.
  Proof. auto. Qed.

  Lemma r_return e a (Q : outcome -> W -> Prop) w :
    wp C (eval e a) (fun v w1 => Q (Return (Some v)) w1) w ->
    wp C (exec F fuel (Sreturn (Some a)) e) Q w.
  Proof. intros H; rule H. Qed.

  Lemma r_tail e f l (Q : outcome -> W -> Prop) w :
    wp C (eval_args e l) (fun vs w1 => wp C (F f vs) (fun r w2 => Q (Return r) w2) w1) w ->
    wp C (exec F fuel (Stail f l) e) Q w.
  Proof. intros H; bind2 H. Qed.

  (** Loops: an invariant [I m e w], where the measure [m] drops in every round and bounds the
      number of rounds left. *)
  Lemma wp_loop (c : env -> prog Z) s b (I : Z -> env -> W -> Prop) (Q : outcome -> W -> Prop) :
    (forall m e w, 0 <= m -> I m e w ->
      wp C (c e) (fun v w1 =>
        (v = 0 -> Q (Normal e) w1) /\
        (v <> 0 -> wp C (b e) (fun o w2 =>
          match o with
          | Normal e' | Continue e' => wp C (s e') (fun o' w3 =>
              match o' with
              | Normal e'' => exists m', 0 <= m' < m /\ I m' e'' w3
              | _ => False
              end) w2
          | Break e' => Q (Normal e') w2
          | Return r => Q (Return r) w2
          end) w1)) w) ->
    forall n m e w, 0 <= m < Z.of_nat n -> I m e w -> wp C (exec_loop c s b n e) Q w.
  Proof.
    intros H n; induction n as [|n IH]; intros m e w Hm HI; [cbn in Hm; lia|].
    cbn. apply wp_bind. eapply wp_mono; [apply (H m e w); [lia|exact HI]|].
    cbn. intros v w1 [H0 H1]. destruct (Z.eqb_spec v 0) as [E|E]; [cbn; auto|].
    apply wp_bind. eapply wp_mono; [exact (H1 E)|]. cbn. intros o w2 K.
    destruct o as [e'|e'|e'|r]; cbn; auto.
    all: apply wp_bind; eapply wp_mono; [exact K|]; cbn; intros o' w3 K'.
    all: destruct o' as [e''|e''|e''|r]; try contradiction.
    all: destruct K' as (m' & L & K'); apply (IH m'); [lia|exact K'].
  Qed.

  Lemma r_loop c s b (I : Z -> env -> W -> Prop) m e (Q : outcome -> W -> Prop) w :
    0 <= m < Z.of_nat fuel -> I m e w ->
    (forall m e w, 0 <= m -> I m e w ->
      wp C (eval e c) (fun v w1 =>
        (v <> 0 -> wp C (exec F fuel b e) (fun o w2 =>
          match o with
          | Normal e' | Continue e' => wp C (exec F fuel s e') (fun o' w3 =>
              match o' with
              | Normal e'' => exists m', 0 <= m' < m /\ I m' e'' w3
              | _ => False
              end) w2
          | Break e' => Q (Normal e') w2
          | Return r => Q (Return r) w2
          end) w1) /\
        (v = 0 -> Q (Normal e) w1)) w) ->
    wp C (exec F fuel (Sloop c s b) e) Q w.
  Proof.
    intros Hm HI H. cbn [exec].
    apply (wp_loop (fun e => eval e c) (exec F fuel s) (exec F fuel b) I) with (m := m); auto.
    intros. eapply wp_mono; [apply H; eassumption|]. cbn. tauto.
  Qed.

  (** ** Functions *)
  Lemma r_invoke f vs e (Q : option Z -> W -> Prop) w :
    entry f vs = Some e ->
    wp C (exec F fuel f.(f_body) e) (fun o w1 => wp C (leave f.(f_result) o) Q w1) w ->
    wp C (invoke F fuel f vs) Q w.
  Proof. intros E H. unfold invoke. rewrite E. apply wp_bind, H. Qed.

  (** ** Primitives *)
  Lemma r_primitive prims f vs s (Q : option Z -> W -> Prop) w :
    prims f = Some s -> List.length (s_params s) = List.length vs ->
    pre C (ECall f vs) w ->
    (forall v w', act C (ECall f vs) w v w' ->
      Q (option_map (fun t => wrap t v) (s_result s)) w') ->
    wp C (call_primitive prims f vs) Q w.
  Proof.
    intros E L P H. unfold call_primitive. rewrite E.
    apply wp_demand; [apply Nat.eqb_eq; exact L|]. apply wp_event; [exact P|exact H].
  Qed.
End Rules.
