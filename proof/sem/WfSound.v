(** * What well-formedness buys: [wf_sound]

    Whatever the world answers, every event of a well-formed program lies inside the declared cells
    and types, and the result lies in the type of the function. *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Sem Bits Link Wf.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** [E] of every event and [P] of every result, on all paths; getting stuck is [wp]'s concern. *)
Fixpoint always {A} (E : event -> Prop) (P : A -> Prop) (p : prog A) : Prop :=
  match p with
  | Ret a => P a
  | Ev e k => E e /\ forall v, always E P (k v)
  | Stuck _ => True
  end.

Lemma always_bind {A B} E (P : A -> Prop) (Q : B -> Prop) p k :
  always E P p -> (forall a, P a -> always E Q (k a)) -> always E Q (bind p k).
Proof.
  intros H K. induction p as [a|e c IH|why]; cbn in *; auto.
  destruct H; split; auto.
Qed.

Lemma always_mono {A} E (P Q : A -> Prop) p :
  (forall a, P a -> Q a) -> always E P p -> always E Q p.
Proof. intros M. induction p as [a|e c IH|why]; cbn; auto. intros []; split; auto. Qed.

Lemma always_demand {A} E (P : A -> Prop) why b p :
  (b = true -> always E P p) -> always E P (demand why b p).
Proof. destruct b; cbn; auto. Qed.

Definition upto (u z : Z) : Prop := 0 <= z <= u.

Lemma upto_top t z : upto (top t) z <-> in_ty t z.
Proof. unfold upto, top, in_ty. lia. Qed.

Section Sound.
  Variable cells : list cell.
  Variable prims : ident -> option signature.

  Definition inside (c : ident) (ix : list Z) (t : ity) : Prop :=
    exists d, find_cell cells c = Some d /\ c_type d = t /\
      Forall2 (fun n i => 0 <= i < n) (c_dims d) ix.

  Definition event_ok (e : event) : Prop :=
    match e with
    | ERead (c, ix) => exists t, inside c ix t
    | EWrite (c, ix) v => exists t, inside c ix t /\ in_ty t v
    | ECall f vs => exists s, prims f = Some s /\ Forall2 in_ty (s_params s) vs
    end.
  Notation ALWAYS := (always event_ok).

  Section Body.
    Variable sigs : ident -> option signature.
    Variable scope : list (ident * ity).
    Notation BOUND := (bound cells scope).

    Definition env_ok (e : env) : Prop :=
      forall x v, lookup x e = Some v -> exists t, assoc x scope = Some t /\ in_ty t v.

    Lemma lookup_set x y v e : lookup y (set x v e) = if String.eqb y x then v else lookup y e.
    Proof.
      induction e as [|[z w] e IH]; cbn.
      - destruct (String.eqb y x); reflexivity.
      - destruct (String.eqb_spec x z) as [->|N]; cbn.
        + destruct (String.eqb y z); reflexivity.
        + destruct (String.eqb_spec y z) as [->|M]; [|exact IH].
          destruct (String.eqb_spec z x); [congruence|reflexivity].
    Qed.

    Lemma env_ok_set e x t v : env_ok e -> assoc x scope = Some t ->
      (forall z, v = Some z -> in_ty t z) -> env_ok (set x v e).
    Proof.
      intros He Hx Hv y z. rewrite lookup_set. destruct (String.eqb_spec y x) as [->|]; [|apply He].
      intros ->. exists t; auto.
    Qed.

    Lemma ity_eqb_eq a b : ity_eqb a b = true -> a = b.
    Proof. destruct a, b; cbn; congruence. Qed.

    Lemma eval_arith_ok o t a b : in_ty t a ->
      match o with Oshl | Oshr => 0 <= b | _ => in_ty t b end ->
      ALWAYS (in_ty t) (eval_arith o t a b).
    Proof.
      pose proof (modulus_pos t). intros Ha Hb.
      destruct o; cbn in *; try apply wrap_in; try (apply always_demand; intros Hd; cbn);
        auto using land_in, lor_in, lxor_in, wrap_in, shiftr_in.
      - unfold in_ty in *. apply negb_true_iff, Z.eqb_neq in Hd.
        split; [apply Z.div_pos; lia|]. apply Z.le_lt_trans with a; [|lia].
        apply Z.div_le_upper_bound; nia.
      - unfold in_ty in *. apply negb_true_iff, Z.eqb_neq in Hd.
        pose proof (Z.mod_pos_bound a b). lia.
    Qed.

    Definition indices_ok (l : list (Z * expr)) (ix : list Z) : Prop :=
      Forall2 (fun n i => 0 <= i < n) (map fst l) ix.

    Lemma require_some (b : bool) (u v : Z) :
      (if b then Some u else None) = Some v -> b = true /\ u = v.
    Proof. destruct b; [intros [= ->]; auto|discriminate]. Qed.

    Lemma eval_index_ok e l :
      (forall n i, In (n, i) l -> forall u, BOUND i = Some u -> ALWAYS (upto u) (eval e i)) ->
      index_ok cells scope l = true -> ALWAYS (indices_ok l) (eval_index_ (eval e) l).
    Proof.
      induction l as [|[n i] r IH]; intros HE H; cbn in *; [constructor|].
      destruct (BOUND i) as [u|] eqn:B; [|discriminate]. cbn in H.
      eapply always_bind; [apply (HE n i); eauto|]. intros v Hv. apply always_demand. intros D.
      eapply always_bind; [apply IH; eauto|]. intros vs Hvs. cbn.
      constructor; [cbn; lia|exact Hvs].
    Qed.

    Lemma fold_max_in data v : In v data -> v <= fold_right Z.max 0 data.
    Proof.
      induction data as [|d r IH]; cbn; [tauto|]. intros [->|I]; [lia|]. specialize (IH I). lia.
    Qed.

    Lemma cell_ok_inside t c l ix :
      cell_ok cells t c (map fst l) = true -> indices_ok l ix -> inside c ix t.
    Proof.
      unfold cell_ok. destruct (find_cell cells c) as [d|] eqn:Ed; [|discriminate].
      intros H I. apply andb_true_iff in H as [Ht Hd].
      destruct (list_eq_dec Z.eq_dec (c_dims d) (map fst l)) as [Eq|]; [|discriminate].
      exists d. split; [exact Ed|]. split; [symmetry; apply ity_eqb_eq, Ht|]. rewrite Eq. exact I.
    Qed.

    Section Size.
      Fixpoint size (x : expr) : nat :=
        match x with
        | Econst _ | Evar _ => 1
        | Eload _ _ l | Etable _ l =>
            S ((fix sum (l : list (Z * expr)) :=
                  match l with [] => 0 | (_, i) :: r => size i + sum r end) l)
        | Earith _ _ a b | Ecmp _ a b | Eandalso a b | Eorelse a b => S (size a + size b)
        | Eneg _ a | Ecompl _ a | Enot a | Ecast _ a => S (size a)
        | Econd c a b => S (size c + size a + size b)
        end%nat.

      Lemma size_index l n i : In (n, i) l ->
        (size i <= (fix sum (l : list (Z * expr)) :=
          match l with [] => 0 | (_, i) :: r => size i + sum r end) l)%nat.
      Proof.
        induction l as [|[m j] r IH]; cbn; [tauto|].
        intros [[= -> ->]|I]; [lia|]. specialize (IH I). lia.
      Qed.
    End Size.

    Lemma bound_index l :
      (fix index_ok (l : list (Z * expr)) : bool :=
        match l with
        | [] => true
        | (_, i) :: r => match BOUND i with Some _ => true | None => false end && index_ok r
        end) l = index_ok cells scope l.
    Proof. induction l as [|[n i] r IH]; cbn; [reflexivity|]. rewrite IH. reflexivity. Qed.

    Theorem eval_ok e : env_ok e -> forall k x u, (size x <= k)%nat -> BOUND x = Some u ->
      ALWAYS (upto u) (eval e x).
    Proof.
      intros He k. induction k as [|k IH]; intros x u Hk Hb; [destruct x; cbn in Hk; lia|].
      assert (IX : forall l, (forall n i, In (n, i) l -> (size i <= k)%nat) ->
        index_ok cells scope l = true -> ALWAYS (indices_ok l) (eval_index_ (eval e) l)).
      { intros l Hl. apply eval_index_ok. intros n i I v Hv. apply IH; eauto. }
      destruct x as [z|x|t c l|data l|o t a b|o a b|t a|t a|a|t a|a b|a b|c a b]; cbn [eval].
      - apply require_some in Hb as [Hz ->]. unfold upto; cbn. lia.
      - cbn in Hb. destruct (lookup x e) as [v|] eqn:L; [|exact I].
        destruct (He x v L) as (t & A & R). rewrite A in Hb. cbn in Hb. injection Hb as <-.
        cbn. apply upto_top, R.
      - cbn [bound] in Hb. apply require_some in Hb as [Hi <-]. rewrite bound_index in Hi.
        apply andb_true_iff in Hi as [Hi Hc]. cbn in Hk.
        eapply always_bind; [apply IX; [|exact Hi]|].
        { intros n i I. pose proof (size_index _ _ _ I). lia. }
        intros ix Hix. cbn. split; [exists t; eapply cell_ok_inside; eauto|].
        intros v. apply upto_top, wrap_in.
      - cbn [bound] in Hb. apply require_some in Hb as [Hi <-]. rewrite bound_index in Hi.
        apply andb_true_iff in Hi as [Hi Hd]. cbn in Hk.
        eapply always_bind; [apply IX; [|exact Hi]|].
        { intros n i I. pose proof (size_index _ _ _ I). lia. }
        intros ix _. unfold element. destruct (nth_error data _) as [v|] eqn:N; [|exact I].
        apply nth_error_In in N. rewrite forallb_forall in Hd. specialize (Hd v N). cbn.
        pose proof (fold_max_in data v N). unfold upto. lia.
      - cbn [bound] in Hb. apply require_some in Hb as [Hi <-].
        apply andb_true_iff in Hi as [Ha Hbb].
        destruct (BOUND a) as [ua|] eqn:Ea; [|discriminate].
        assert (exists ub, BOUND b = Some ub) as [ub Eb]
          by (destruct (BOUND b); [eauto|destruct o; discriminate]).
        cbn in Hk. eapply always_bind; [apply (IH a ua); [lia|exact Ea]|]. intros va Va.
        eapply always_bind; [apply (IH b ub); [lia|exact Eb]|]. intros vb Vb. rewrite Eb in Hbb.
        assert (in_ty t va) by (apply upto_top; unfold upto in *; lia).
        assert (match o with Oshl | Oshr => 0 <= vb | _ => in_ty t vb end)
          by (destruct o; try (apply upto_top); unfold upto in *; lia).
        pose proof (eval_arith_ok o t va vb H H0) as R.
        revert R. generalize (eval_arith o t va vb). intros p. induction p; cbn; auto.
        + apply upto_top.
        + intros []; split; auto.
      - cbn [bound] in Hb. apply require_some in Hb as [Hi <-].
        apply andb_true_iff in Hi as [Ha Hbb].
        destruct (BOUND a) as [ua|] eqn:Ea; [|discriminate].
        destruct (BOUND b) as [ub|] eqn:Eb; [|discriminate]. cbn in Hk.
        eapply always_bind; [apply (IH a ua); [lia|exact Ea]|]. intros va Va.
        eapply always_bind; [apply (IH b ub); [lia|exact Eb]|]. intros vb Vb.
        cbn. unfold upto. destruct (eval_cmp o va vb); cbn; lia.
      - cbn [bound] in Hb. apply require_some in Hb as [Hi <-].
        destruct (BOUND a) as [ua|] eqn:Ea; [|discriminate]. cbn in Hk.
        eapply always_bind; [apply (IH a ua); [lia|exact Ea]|]. intros va Va.
        cbn. apply upto_top, wrap_in.
      - cbn [bound] in Hb. apply require_some in Hb as [Hi <-].
        destruct (BOUND a) as [ua|] eqn:Ea; [|discriminate]. cbn in Hk.
        eapply always_bind; [apply (IH a ua); [lia|exact Ea]|]. intros va Va.
        cbn. unfold upto, top in *. lia.
      - cbn [bound] in Hb. apply require_some in Hb as [Hi <-].
        destruct (BOUND a) as [ua|] eqn:Ea; [|discriminate]. cbn in Hk.
        eapply always_bind; [apply (IH a ua); [lia|exact Ea]|]. intros va Va.
        cbn. unfold upto. destruct (va =? 0); cbn; lia.
      - cbn [bound] in Hb. apply require_some in Hb as [Hi <-].
        destruct (BOUND a) as [ua|] eqn:Ea; [|discriminate]. cbn in Hk.
        eapply always_bind; [apply (IH a ua); [lia|exact Ea]|]. intros va Va.
        cbn. apply upto_top, wrap_in.
      - cbn [bound] in Hb. apply require_some in Hb as [Hi <-].
        apply andb_true_iff in Hi as [Ha Hbb].
        destruct (BOUND a) as [ua|] eqn:Ea; [|discriminate].
        destruct (BOUND b) as [ub|] eqn:Eb; [|discriminate]. cbn in Hk.
        eapply always_bind; [apply (IH a ua); [lia|exact Ea]|]. intros va Va.
        destruct (va =? 0); [cbn; unfold upto; lia|].
        eapply always_bind; [apply (IH b ub); [lia|exact Eb]|]. intros vb Vb.
        cbn. unfold upto. destruct (negb (vb =? 0)); cbn; lia.
      - cbn [bound] in Hb. apply require_some in Hb as [Hi <-].
        apply andb_true_iff in Hi as [Ha Hbb].
        destruct (BOUND a) as [ua|] eqn:Ea; [|discriminate].
        destruct (BOUND b) as [ub|] eqn:Eb; [|discriminate]. cbn in Hk.
        eapply always_bind; [apply (IH a ua); [lia|exact Ea]|]. intros va Va.
        destruct (va =? 0); [|cbn; unfold upto; lia].
        eapply always_bind; [apply (IH b ub); [lia|exact Eb]|]. intros vb Vb.
        cbn. unfold upto. destruct (negb (vb =? 0)); cbn; lia.
      - cbn [bound] in Hb. destruct (BOUND a) as [ua|] eqn:Ea; [|discriminate].
        destruct (BOUND b) as [ub|] eqn:Eb; [|discriminate].
        apply require_some in Hb as [Hi <-].
        destruct (BOUND c) as [uc|] eqn:Ec; [|discriminate]. cbn in Hk.
        eapply always_bind; [apply (IH c uc); [lia|exact Ec]|]. intros vc Vc.
        assert (WK : forall p m, m <= Z.max ua ub ->
          ALWAYS (upto m) p -> ALWAYS (upto (Z.max ua ub)) p).
        { intros p m Hm. induction p; cbn; auto; [unfold upto; lia|intros []; auto]. }
        destruct (vc =? 0); [apply (WK _ ub)|apply (WK _ ua)]; try lia; apply IH; auto; lia.
    Qed.

    Lemma fits_ok e x t : env_ok e -> fits cells scope x t = true -> ALWAYS (in_ty t) (eval e x).
    Proof.
      intros He H. unfold fits in H. destruct (BOUND x) as [u|] eqn:B; [|discriminate].
      eapply always_mono; [|eapply eval_ok; [exact He|reflexivity|exact B]].
      intros z Hz. apply upto_top. unfold upto in *. lia.
    Qed.

    Lemma indices_eval e l : env_ok e -> index_ok cells scope l = true ->
      ALWAYS (indices_ok l) (eval_index e l).
    Proof.
      intros He. apply eval_index_ok. intros n i _ u B.
      eapply eval_ok; [exact He|reflexivity|exact B].
    Qed.

    Lemma cond_ok e x : env_ok e ->
      match BOUND x with Some _ => true | None => false end = true ->
      ALWAYS (fun _ => True) (eval e x).
    Proof.
      intros He H. destruct (BOUND x) as [u|] eqn:B; [|discriminate].
      eapply always_mono; [|eapply eval_ok; [exact He|reflexivity|exact B]]. auto.
    Qed.

    Lemma args_eval e es ts : env_ok e -> args_ok cells scope es ts = true ->
      ALWAYS (Forall2 in_ty ts) (eval_args e es).
    Proof.
      intros He. revert ts.
      induction es as [|x es IH]; intros [|t ts] H; try discriminate; [constructor|].
      cbn in H. apply andb_true_iff in H as [Hx Hr]. cbn.
      eapply always_bind; [apply fits_ok; eassumption|]. intros v Hv.
      eapply always_bind; [apply IH; eassumption|]. intros vs Hvs. cbn. auto.
    Qed.

    Variable result : option ity.
    Variable F : fenv.
    Variable fuel : nat.

    Definition result_ok (r : option ity) (v : option Z) : Prop :=
      match r, v with Some t, Some z => in_ty t z | None, None => True | _, _ => False end.
    Definition outcome_ok (o : outcome) : Prop :=
      match o with Normal e | Break e | Continue e => env_ok e | Return v => result_ok result v end.

    Hypothesis F_ok : forall f s vs, sigs f = Some s -> Forall2 in_ty (s_params s) vs ->
      ALWAYS (result_ok (s_result s)) (F f vs).

    Lemma loop_ok c s b : (forall e, env_ok e -> ALWAYS (fun _ => True) (c e)) ->
      (forall e, env_ok e -> ALWAYS outcome_ok (s e)) ->
      (forall e, env_ok e -> ALWAYS outcome_ok (b e)) ->
      forall n e, env_ok e -> ALWAYS outcome_ok (exec_loop c s b n e).
    Proof.
      intros Hc Hs Hb n. induction n as [|n IH]; intros e He; [exact I|]. cbn.
      eapply always_bind; [apply Hc, He|]. intros v _. destruct (v =? 0); [exact He|].
      eapply always_bind; [apply Hb, He|]. intros [e'|e'|e'|r] Ho; cbn in Ho |- *; auto.
      all: eapply always_bind; [apply Hs, Ho|]; intros [e2|e2|e2|r2] Ho2; cbn in *; auto.
    Qed.

    Theorem exec_ok s : wf_stmt cells sigs scope result s = true ->
      forall e, env_ok e -> ALWAYS outcome_ok (exec F fuel s e).
    Proof.
      induction s as
        [| | |a IHa b IHb|x|x a|c l a|x f args|c a IHa b IHb|c a IHa b IHb|[a|]|f args];
        intros H e He; cbn in H; cbn [exec].
      - exact He.
      - exact He.
      - exact He.
      - apply andb_true_iff in H as [Ha Hb]. eapply always_bind; [apply IHa; assumption|].
        intros [e'|e'|e'|r] Ho; cbn in *; auto.
      - destruct (assoc x scope) as [t|] eqn:A; [|discriminate]. cbn.
        eapply env_ok_set; eauto. discriminate.
      - destruct (assoc x scope) as [t|] eqn:A; [|discriminate].
        eapply always_bind; [apply fits_ok; eassumption|]. intros v Hv. cbn.
        eapply env_ok_set; eauto. intros z [= <-]; exact Hv.
      - apply andb_true_iff in H as [Hi H].
        destruct (find_cell cells c) as [d|] eqn:D; [|discriminate].
        apply andb_true_iff in H as [Hc Hf].
        eapply always_bind; [apply indices_eval; assumption|]. intros ix Hix.
        eapply always_bind; [apply fits_ok; eassumption|]. intros v Hv. cbn.
        split; [|intros; exact He]. exists (c_type d).
        split; [eapply cell_ok_inside; eassumption|exact Hv].
      - destruct (sigs f) as [s|] eqn:S; [|discriminate]. apply andb_true_iff in H as [Ha Hx].
        destruct x as [x|].
        + destruct (assoc x scope) as [t|] eqn:A; [|discriminate].
          destruct (s_result s) as [u|] eqn:R; [|discriminate].
          eapply always_bind; [apply args_eval; eassumption|]. intros vs Hvs.
          eapply always_bind; [apply (F_ok _ _ _ S Hvs)|]. rewrite R. intros [v|] Hv; [|exact I].
          cbn.
          eapply env_ok_set; eauto. intros z [= <-]. cbn in Hv. unfold top, in_ty in *. lia.
        + eapply always_bind; [apply args_eval; eassumption|]. intros vs Hvs.
          eapply always_bind; [apply (F_ok _ _ _ S Hvs)|]. intros r _. exact He.
      - rewrite !andb_true_iff in H. destruct H as [[Hc Ha] Hb].
        eapply always_bind; [apply cond_ok; eassumption|]. intros v _. destruct (v =? 0); auto.
      - rewrite !andb_true_iff in H. destruct H as [[Hc Ha] Hb].
        apply loop_ok; auto. intros; apply cond_ok; assumption.
      - destruct result as [t|] eqn:R; [|discriminate].
        eapply always_bind; [apply fits_ok; eassumption|]. intros v Hv. cbn. rewrite R. exact Hv.
      - destruct result as [t|] eqn:R; [discriminate|]. cbn. rewrite R. exact I.
      - destruct (sigs f) as [s|] eqn:S; [|discriminate]. apply andb_true_iff in H as [Ha Hr].
        eapply always_bind; [apply args_eval; eassumption|]. intros vs Hvs.
        eapply always_bind; [apply (F_ok _ _ _ S Hvs)|]. intros r Ho. cbn.
        destruct (s_result s) as [u|], result as [t|], r as [v|]; cbn in *; try easy.
        unfold top, in_ty in *. lia.
    Qed.
  End Body.

  (** ** Functions and programs *)
  Lemma entry_ok g vs e : Forall2 in_ty (map snd g.(f_params)) vs -> entry g vs = Some e ->
    env_ok (scope_of g) e.
  Proof.
    unfold entry, scope_of. destruct (bind_params (f_params g) vs) as [e0|] eqn:B; [|discriminate].
    intros T [= <-]. revert vs e0 B T.
    induction (f_params g) as [|[p t] ps IH]; intros [|v vs] e0 B T; try discriminate.
    - injection B as <-. cbn. intros x v.
      induction (f_locals g) as [|[y u] ls IHl]; cbn; [discriminate|].
      destruct (String.eqb x y); [discriminate|exact IHl].
    - cbn in B. destruct (bind_params ps vs) as [e1|] eqn:B1; [|discriminate]. injection B as <-.
      inversion T as [|? ? ? ? Tv Tr]; subst. cbn. intros x z. cbn.
      destruct (String.eqb x p); [intros [= <-]; exists t; auto|].
      apply (IH vs e1 B1 Tr).
  Qed.

  Lemma primitive_ok f s vs : prims f = Some s -> Forall2 in_ty (s_params s) vs ->
    ALWAYS (result_ok (s_result s)) (call_primitive prims f vs).
  Proof.
    intros S T. unfold call_primitive. rewrite S. apply always_demand. intros _. cbn.
    split; [exists s; auto|]. intros v. destruct (s_result s); cbn; [apply wrap_in|exact I].
  Qed.

  Theorem functions_ok fuel p : wf_functions cells prims p = true ->
    forall f s vs, sigs_of prims p f = Some s -> Forall2 in_ty (s_params s) vs ->
    ALWAYS (result_ok (s_result s)) (denote fuel prims p f vs).
  Proof.
    induction p as [|g p IH]; cbn; intros H f s vs S T; [apply primitive_ok; assumption|].
    rewrite !andb_true_iff in H. destruct H as [[_ Hg] Hp].
    destruct (String.eqb f (f_name g)); [|apply IH; assumption].
    injection S as <-. cbn in T |- *. unfold invoke.
    destruct (entry g vs) as [e|] eqn:E; [|exact I].
    unfold wf_func in Hg. apply andb_true_iff in Hg as [_ Hb].
    eapply always_bind.
    - eapply exec_ok; [apply IH; exact Hp|exact Hb|eapply entry_ok; eassumption].
    - intros [e'|e'|e'|[v|]] Ho; cbn in *; destruct (f_result g); cbn; auto; contradiction.
  Qed.
End Sound.

Theorem wf_sound cells prims fuel p : wf_program cells prims p = true ->
  forall f s vs, sigs_of prims p f = Some s -> Forall2 in_ty (s_params s) vs ->
  always (event_ok cells prims) (result_ok (s_result s)) (denote fuel prims p f vs).
Proof.
  unfold wf_program. intros H. apply andb_true_iff in H as [_ H]. now apply functions_ok.
Qed.
