(** * Structure when a token changes hands *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Structure_Frame Structure_Facts Load_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** Counting *)
Definition count (f : nat -> bool) (l : list nat) : Z := Z.of_nat (List.length (filter f l)).

Lemma count_cons f a l : count f (a :: l) = (if f a then 1 else 0) + count f l.
Proof. unfold count. cbn [filter]. destruct (f a); cbn [List.length]; lia. Qed.

Lemma count_bound f l : 0 <= count f l <= Z.of_nat (List.length l).
Proof.
  induction l as [|a l IH]; [unfold count; cbn; lia|]. rewrite count_cons. cbn [List.length]. destruct (f a); lia.
Qed.

Lemma count_same f g l : (forall b, In b l -> f b = g b) -> count f l = count g l.
Proof.
  induction l as [|a l IH]; intros E; [reflexivity|]. rewrite !count_cons, (E a (or_introl eq_refl)), IH; [reflexivity|].
  intros b Hb. apply E. right. exact Hb.
Qed.

(** One element differs. *)
Lemma count_one f g a l : NoDup l -> In a l -> (forall b, b <> a -> f b = g b) ->
  count g l = count f l - (if f a then 1 else 0) + (if g a then 1 else 0).
Proof.
  induction l as [|b l IH]; intros N I E; [destruct I|]. inversion N as [|? ? Nb Nl]; subst. rewrite !count_cons.
  destruct (Nat.eq_dec b a) as [->|D].
  - rewrite (count_same f g l); [lia|]. intros b Hb. apply E. intros ->. contradiction.
  - destruct I as [I|I]; [contradiction|]. rewrite (IH Nl I E), (E b D). lia.
Qed.

Definition bit (x : Z) : Z := if x =? 0 then 0 else 1.

Lemma n_tokens_one w w' h i : 0 <= i < 16 -> (forall j, j <> i -> token w' h j = token w h j) ->
  n_tokens w' h = n_tokens w h - bit (token w h i) + bit (token w' h i).
Proof.
  intros R E. unfold n_tokens.
  fold (count (fun j => negb (token w h (Z.of_nat j) =? 0)) (seq 0 16)).
  fold (count (fun j => negb (token w' h (Z.of_nat j) =? 0)) (seq 0 16)).
  rewrite (count_one (fun j => negb (token w h (Z.of_nat j) =? 0)) (fun j => negb (token w' h (Z.of_nat j) =? 0)) (Z.to_nat i)).
  - rewrite Z2Nat.id by lia. unfold bit. destruct (token w h i =? 0), (token w' h i =? 0); reflexivity.
  - apply seq_NoDup.
  - apply in_seq. lia.
  - intros b N. rewrite E; [reflexivity|]. intros X. apply N. lia.
Qed.

Lemma n_tokens_bound w h : 0 <= n_tokens w h <= 16.
Proof.
  pose proof (count_bound (fun i => negb (token w h (Z.of_nat i) =? 0)) (seq 0 16)) as X. rewrite seq_length in X.
  exact X.
Qed.

(** ** Structure *)
Section Token.
  Variable B : board.

  Lemma sec_token fz L w w' h i : sec B fz L w -> cs B w' -> vcpu_made w h i -> 0 <= token w' h i <= 8 ->
    token_set h i (token w' h i) w w' ->
    (forall c ix, structural c = true -> c <> loaded_cell -> c <> "vms.n_loaded" -> w_mem w' (c, ix) = w_mem w (c, ix)) ->
    (forall g, g <> h -> vm_n_loaded w' g = vm_n_loaded w g) ->
    vm_n_loaded w' h = vm_n_loaded w h - bit (token w h i) + bit (token w' h i) -> sec B fz L w'.
  Proof.
    intros S C M Tr [_ To De Dr Dw Dt] Dm No Nh. apply sec_vms in S as [_ [T P N U]]. apply sec_vms. split; [exact C|].
    assert (St : forall p, state w' p = state w p) by (intros p; unfold state; rewrite De; reflexivity).
    assert (Wd : forall p j, word w' p j = word w p j) by (intros p j; unfold word; rewrite Dr; reflexivity).
    Local Ltac same Dm := rewrite Dm by (reflexivity || discriminate); reflexivity.
    assert (Vs : forall g, vm_state w' g = vm_state w g) by (intros g; unfold vm_state; same Dm).
    assert (Lv : forall g, live w' g <-> live w g) by (intros g; unfold live; rewrite Vs; reflexivity).
    assert (Rt : forall g, rooted w' g <-> rooted w g) by (intros g; unfold rooted; rewrite Lv, Vs; unfold vm_n_lent; same Dm).
    assert (Pr : forall g, protected w' g <-> protected w g) by (intros g; unfold protected; same Dm).
    assert (Md : forall g j, vcpu_made w' g j <-> vcpu_made w g j) by (intros g j; unfold vcpu_made; same Dm).
    assert (Er : forall g j, vcpu_run w' g j = vcpu_run w g j) by (intros g j; unfold vcpu_run; same Dm).
    assert (Ec : forall g j, vcpu_ctx w' g j = vcpu_ctx w g j) by (intros g j; unfold vcpu_ctx; same Dm).
    assert (Y : same_trees w w').
    { constructor; [intros g; apply Lv|intros g; apply Rt|intros g _; unfold vm_root; same Dm|intros g _; apply Pr|].
      intros. apply Wd. }
    assert (Pl : forall g l, live w g -> pool_of B w g l -> pool_of B w' g l).
    { intros g l Lg. apply pool_frame with (1 := Y); auto; [left; apply Lv, Lg|unfold vm_pool; same Dm|unfold vm_n_pool; same Dm]. }
    constructor.
    - apply (tables_frame B fz w w'); auto; [apply C|split; intros; congruence|].
      intros g fn p R F E. rewrite St. apply Rt in R. exact (proj2 (l_lent _ _ _ _ _ (t_leaf _ _ _ T g fn R F) p E)).
    - intros g Lg. apply Lv in Lg. destruct (P g Lg) as (l & H). exists l. apply Pl; assumption.
    - apply (lent_frame w w' L Y); auto.
    - constructor.
      + intros g. rewrite Vs. apply (u_states _ _ U).
      + intros g j X. apply Lv, (u_live _ _ U g j), Md, X.
      + intros g j X. rewrite Er, St. apply (u_run _ _ U g j), Md, X.
      + intros g j g' j' X X'. rewrite !Er. apply (u_runs _ _ U); apply Md; assumption.
      + intros g j X Np. rewrite Er, Ec. apply (u_normal _ _ U); [apply Md, X|]. rewrite <- Pr. exact Np.
      + intros g j X Pg. rewrite Ec, St. apply (u_ctx _ _ U g j); [apply Md, X|apply Pr, Pg].
      + intros g j j' X X'. rewrite !Ec. apply (u_ctxs _ _ U); apply Md; assumption.
      + intros g j X. destruct (Z.eq_dec g h) as [->|Ng]; [destruct (Z.eq_dec j i) as [->|Nj]|].
        * split; [apply Md, M|lia].
        * rewrite To in * by tauto. destruct (u_token _ _ U h j X) as [X1 X2]. split; [apply Md, X1|exact X2].
        * rewrite To in * by tauto. destruct (u_token _ _ U g j X) as [X1 X2]. split; [apply Md, X1|exact X2].
      + intros g Lg. apply Lv in Lg. destruct (Z.eq_dec g h) as [->|Ng].
        * rewrite Nh, (u_loaded _ _ U h Lg). symmetry. apply n_tokens_one; [apply M|]. intros j Nj. apply To. tauto.
        * rewrite (No g Ng), (u_loaded _ _ U g Lg). symmetry. apply n_tokens_ext. intros j. apply To. tauto.
      + intros g Lg. apply Lv in Lg. destruct (u_ram _ _ U g Lg) as [R1 R2].
        assert (Hn : vm_n_ram w' g = vm_n_ram w g) by (unfold vm_n_ram; same Dm). rewrite Hn. split; [exact R1|].
        intros j Hj. assert (Hb : ram_base w' g j = ram_base w g j) by (unfold ram_base; same Dm).
        assert (Hz : ram_size w' g j = ram_size w g j) by (unfold ram_size; same Dm). rewrite Hb, Hz. apply R2, Hj.
  Qed.
End Token.
