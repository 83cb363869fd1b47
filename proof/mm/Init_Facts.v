(** * Boot: steps that keep the part of KServ's tables that has been built *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Events Boot.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Page_Facts Init_Spec Boot_Prims.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** Reads of objects that have just been written. *)
Ltac gets := rewrite ?get_put; cbn [String.eqb Ascii.eqb Bool.eqb andb zlist_eqb]; rewrite ?andb_true_r.

(** ** What boot leaves alone *)
Lemma boots_refl w : boots w w.
Proof. constructor; auto. Qed.
Lemma boots_trans a b c : boots a b -> boots b c -> boots a c.
Proof.
  intros [M1 L1 W1 T1 H1] [M2 L2 W2 T2 H2]. constructor; [| |congruence..].
  - intros d ix E. rewrite M2, M1 by exact E. reflexivity.
  - intros g N. rewrite L2; rewrite L1; auto.
Qed.
Lemma boots_put c ix v w : existsb (String.eqb c) boot_cells = true -> String.eqb c "host_l2" = false ->
  boots w (put c ix v w).
Proof.
  intros E N. constructor; try reflexivity.
  - intros d jx D. apply upd_name. destruct (String.eqb_spec c d) as [->|]; [congruence|reflexivity].
  - intros g _. unfold l2_of. apply get_other, N.
Qed.
Lemma boots_stores w w' : stores w w' -> boots w w'.
Proof. intros (r & ->). constructor; auto. Qed.
Lemma boots_meta p s w : boots w (set_meta p s w).
Proof. constructor; auto. Qed.
Lemma boots_says J w w' : boots w w' -> says J w -> says J w'.
Proof.
  intros [M _ _ _ _]. apply says_mem. intros c ix P. apply M.
  destruct (existsb (String.eqb c) boot_cells) eqn:E; [|reflexivity]. apply existsb_exists in E as (d & D & E).
  apply String.eqb_eq in E. subst d. cbn in D. repeat (destruct D as [<-|D]; [discriminate P|]). destruct D.
Qed.
Lemma stores_refl w : stores w w.
Proof. exists (w_ram w). destruct w; reflexivity. Qed.
Lemma stores_trans a b c : stores a b -> stores b c -> stores a c.
Proof. intros (r & ->) (r' & ->). exists r'. reflexivity. Qed.
Lemma stores_states J n w w' : stores w w' -> states J n w -> states J n w'.
Proof. intros (r & ->). exact (fun H => H). Qed.

Section Facts.
  Variable I : info.
  Notation tree := (tree I). Notation first := (first I).

  Definition ext (R R' : Z -> role) : Prop := forall p, R p <> Free -> R' p = R p.
  Definition set_role (p : Z) (x : role) (R : Z -> role) : Z -> role := fun q => if q =? p then x else R q.
  Lemma ext_set R p x : R p = Free -> ext R (set_role p x R).
  Proof. intros F q N. unfold set_role. destruct (Z.eqb_spec q p) as [->|]; [contradiction|reflexivity]. Qed.
  Lemma ext_trans a b c : ext a b -> ext b c -> ext a c.
  Proof. intros A B p N. rewrite B; [apply A, N|]. rewrite A; auto. Qed.

  Lemma entry_ok_frame n n' R R' w w' b d : entry_ok I n R w b d -> n <= n' -> ext R R' ->
    (forall i, 0 <= i < n -> row I w' i b = row I w i b) ->
    (forall t k, R t <> Free -> word w' t k = word w t k) -> entry_ok I n' R' w' b d.
  Proof.
    intros [L K] Hn E Hr Hw. split; [exact L|]. intros t T. destruct (K t T) as (Rt & A & B).
    assert (N : R t <> Free) by (rewrite Rt; discriminate).
    split; [rewrite E; [exact Rt|exact N]|]. split.
    - intros i Hi Hb. destruct (A i Hi Hb) as [X ->]. split; [lia|]. rewrite Hr by lia. reflexivity.
    - intros k Hk. rewrite Hw by exact N. apply B, Hk.
  Qed.

  Lemma tree_frame n R R' w w' : tree n R w -> says I w' -> next w <= next w' <= i_pool I + i_pooln I ->
    get U32 w' "n_region" [] = get U32 w "n_region" [] ->
    (forall i, 0 <= i < n -> get U64 w' "region.base" [i] = get U64 w "region.base" [i] /\
      get U64 w' "region.n" [i] = get U64 w "region.n" [i] /\ get U64 w' "region.l3" [i] = get U64 w "region.l3" [i]) ->
    get U64 w' "host_root" [] = get U64 w "host_root" [] ->
    (forall c, get U64 w' "pcpu.host_ctx" [c] = get U64 w "pcpu.host_ctx" [c]) ->
    (forall g, l2_of w' g = l2_of w g) -> ext R R' -> (forall p, R' p <> Free -> first <= p < next w') ->
    (forall p k, R p <> Free -> word w' p k = word w p k) -> tree n R' w'.
  Proof.
    intros T S Nx En Er Eh Ec E2 X Rr Ew. destruct T.
    assert (F : forall p x, R p = x -> x <> Free -> R' p = x) by (intros p x <- N; apply X, N).
    constructor; auto; try lia.
    - intros i Hi. destruct (Er i Hi) as (-> & -> & _). auto.
    - destruct t_roots. split; apply F; auto; discriminate.
    - intros g Hg. rewrite E2, Ew; auto. assert (H : g / 512 = 0 \/ g / 512 = 1) by words.
      destruct t_roots as [R0 R1]. destruct H as [->| ->]; rewrite ?Z.add_0_r, ?R0, ?R1; discriminate.
    - intros g Hg N. rewrite E2 in *. apply F; [auto|discriminate].
    - intros i b Hi Hb. unfold row. destruct (Er i Hi) as (_ & _ & ->). apply F; [apply t_row; auto|discriminate].
    - intros b Hb N. unfold entry_of. rewrite E2 in *. rewrite Ew.
      + apply entry_ok_frame with n R w; [apply t_entry; assumption|lia|exact X| |exact Ew].
        intros i Hi. unfold row. destruct (Er i Hi) as (_ & _ & ->). reflexivity.
      + rewrite t_l2; [discriminate|words|exact N].
    - intros c Hc. rewrite Ec. apply F; [auto|discriminate].
  Qed.

  (** One more page has a role. *)
  Lemma tree_role n R w p x : tree n R w -> R p = Free -> first <= p < next w -> tree n (set_role p x R) w.
  Proof.
    intros T F P. apply tree_frame with R w; auto; try apply T; try lia.
    - split; [lia|apply T].
    - apply ext_set, F.
    - intros q. unfold set_role. destruct (Z.eqb_spec q p) as [->|]; [auto|apply T].
  Qed.

  (** ** Stores into tables *)
  Lemma roots_role n R w g : tree n R w -> 0 <= g < 1024 -> R (first + g / 512) = Root.
  Proof.
    intros T Hg. destruct (t_roots _ _ _ _ T) as [R0 R1]. assert (H : g / 512 = 0 \/ g / 512 = 1) by words.
    destruct H as [->| ->]; rewrite ?Z.add_0_r; assumption.
  Qed.

  Lemma tree_set2 n R w b x : tree n R w -> 0 <= b < 2 ^ 19 -> l2_of w (b / 512) <> 0 -> in_ty U64 x ->
    entry_ok I n R w b x -> tree n R (set_ram (store_word (l2_of w (b / 512)) (b mod 512) x (w_ram w)) w).
  Proof.
    intros T Hb N Hx Ok. set (t := l2_of w (b / 512)). set (w' := set_ram _ w).
    assert (Rt : R t = Table2 (b / 512)) by (apply (t_l2 _ _ _ _ T); [words|exact N]).
    assert (Ew : forall p k, R p <> Table2 (b / 512) -> word w' p k = word w p k).
    { intros p k Np. unfold w'. rewrite word_set. destruct (Z.eqb_spec p t) as [->|]; [contradiction|reflexivity]. }
    assert (Ee : forall b' d, entry_ok I n R w b' d -> entry_ok I n R w' b' d).
    { intros b' d [L K]. split; [exact L|]. intros t' T'. destruct (K t' T') as (Rt' & A & B).
      split; [exact Rt'|]. split; [exact A|]. intros k Hk. rewrite Ew; [apply B, Hk|]. rewrite Rt'. discriminate. }
    pose proof T as T0. destruct T. constructor; auto.
    - constructor; intros; apply t_says.
    - intros g Hg. rewrite Ew; [apply t_l1, Hg|]. rewrite (roots_role n R w g T0 Hg). discriminate.
    - intros b' Hb' N'. apply Ee. unfold entry_of. change (l2_of w' (b' / 512)) with (l2_of w (b' / 512)) in *.
      unfold w'. rewrite word_set. destruct (Z.eqb_spec (l2_of w (b' / 512)) t) as [E|].
      + assert (Hg : Table2 (b' / 512) = Table2 (b / 512)).
        { rewrite <- Rt, <- E. symmetry. apply t_l2; [words|exact N']. }
        injection Hg as Hg. destruct (Z.eqb_spec (b' mod 512) (b mod 512)) as [D|]; cbn [andb].
        * replace b' with b by words. rewrite wrap_small by exact Hx. exact Ok.
        * apply t_entry; assumption.
      + apply t_entry; assumption.
  Qed.

  Lemma tree_set3 n R w t b k x : tree n R w -> R t = Table3 b -> 0 <= k < 512 ->
    page_ok I (b * 512 + k) (wrap U64 x) -> tree n R (set_ram (store_word t k x (w_ram w)) w).
  Proof.
    intros T Rt Hk Ok. set (w' := set_ram _ w).
    assert (Ew : forall p j, R p <> Table3 b -> word w' p j = word w p j).
    { intros p j Np. unfold w'. rewrite word_set. destruct (Z.eqb_spec p t) as [->|]; [contradiction|reflexivity]. }
    assert (Ee : forall b' d, entry_ok I n R w b' d -> entry_ok I n R w' b' d).
    { intros b' d [L K]. split; [exact L|]. intros t' T'. destruct (K t' T') as (Rt' & A & B).
      split; [exact Rt'|]. split; [exact A|]. intros j Hj. unfold w'. rewrite word_set.
      destruct (Z.eqb_spec t' t) as [->|]; [|apply B, Hj]. cbn [andb].
      destruct (Z.eqb_spec j k) as [->|]; [|apply B, Hj]. replace b' with b by congruence. exact Ok. }
    pose proof T as T0. destruct T. constructor; auto.
    - constructor; intros; apply t_says.
    - intros g Hg. rewrite Ew; [apply t_l1, Hg|]. rewrite (roots_role n R w g T0 Hg). discriminate.
    - intros b' Hb' N'. apply Ee. unfold entry_of. rewrite Ew.
      + apply t_entry; assumption.
      + change (l2_of w' (b' / 512)) with (l2_of w (b' / 512)) in *. rewrite t_l2; [discriminate|words|exact N'].
  Qed.

  (** ** New tables *)
  Lemma tree_l2 n R w g p : tree n R w -> 0 <= g < 1024 -> l2_of w g = 0 -> R p = Table2 g -> 0 < p < 2 ^ 28 ->
    (forall k, word w p k = 0) ->
    let w1 := set_ram (store_word (first + g / 512) (g mod 512) (table_desc p) (w_ram w)) w in
    tree n R (put "host_l2" [g] p w1).
  Proof.
    intros T Hg N Rp Hp Z0 w1. set (w' := put _ _ _ _).
    assert (E2 : forall g', l2_of w' g' = if g =? g' then p else l2_of w g').
    { intros g'. unfold w', l2_of. gets. destruct (g =? g'); [apply wrap_small; unfold in_ty, modulus; pows; lia|reflexivity]. }
    assert (Ew : forall q k, word w' q k = if (q =? first + g / 512) && (k =? g mod 512) then table_desc p else word w q k).
    { intros q k. change (word w' q k) with (word w1 q k). unfold w1. rewrite word_set.
      rewrite (wrap_small U64 (table_desc p)) by (unfold table_desc, in_ty, modulus; pows; lia). reflexivity. }
    pose proof (roots_role n R w g T Hg) as Rg.
    assert (Er : forall q k, R q <> Root -> word w' q k = word w q k).
    { intros q k Nq. rewrite Ew. destruct (Z.eqb_spec q (first + g / 512)) as [->|]; [contradiction|reflexivity]. }
    assert (Ee : forall b' d, entry_ok I n R w b' d -> entry_ok I n R w' b' d).
    { intros b' d [L K]. split; [exact L|]. intros t' T'. destruct (K t' T') as (Rt' & A & B).
      split; [exact Rt'|]. split; [exact A|]. intros k Hk. rewrite Er; [apply B, Hk|]. rewrite Rt'. discriminate. }
    pose proof T as T0. destruct T. constructor; auto.
    - apply says_put; [reflexivity|]. constructor; intros; apply t_says.
    - intros g' Hg'. rewrite Ew, E2. destruct (Z.eqb_spec g g') as [<-|Ng].
      + rewrite !Z.eqb_refl. cbn [andb]. replace (p =? 0) with false by lia. reflexivity.
      + replace (_ && _) with false; [apply t_l1, Hg'|]. symmetry. apply andb_false_iff.
        rewrite !Z.eqb_neq. words.
    - intros g' Hg' N'. rewrite E2 in *. destruct (Z.eqb_spec g g') as [<-|]; [exact Rp|auto].
    - intros b' Hb' N'. apply Ee. unfold entry_of. rewrite E2 in N' |- *. destruct (Z.eqb_spec g (b' / 512)) as [Eg|].
      + rewrite Er, Z0 by (rewrite Rp; discriminate). split; [|discriminate]. intros fn q _ L. discriminate L.
      + rewrite Er; [apply t_entry; assumption|]. rewrite t_l2; [discriminate|words|exact N'].
  Qed.

  (** ** A region gets its row of level-3 tables *)
  Definition with_row (w : world) (r : Z) : world :=
    put "n_region" [] (r + 1) (put "pool_next" [] (next w + i_size I r / 512) (put "region.l3" [r] (next w)
      (put "region.n" [r] (i_size I r) (put "region.base" [r] (i_base I r) w)))).
  Definition row_role (w : world) (r : Z) (R : Z -> role) (p : Z) : role :=
    if (next w <=? p) && (p <? next w + i_size I r / 512) then Table3 (i_base I r / 512 + (p - next w)) else R p.

  Lemma free_next n R w p : tree n R w -> next w <= p -> R p = Free.
  Proof.
    intros T H. pose proof (t_role _ _ _ _ T p) as X. destruct (R p); [reflexivity|..];
      (destruct X; [discriminate|lia]).
  Qed.

  Lemma regions_apart i j p : ram_checked I -> 0 <= i < i_n I -> 0 <= j < i_n I ->
    i_base I i <= p < i_base I i + i_size I i -> i_base I j <= p < i_base I j + i_size I j -> i = j.
  Proof.
    intros (_ & _ & S) Hi Hj Pi Pj. destruct (Z.lt_trichotomy i j) as [L|[L|L]]; [|exact L|].
    - specialize (S i j ltac:(lia) ltac:(lia)). lia.
    - specialize (S j i ltac:(lia) ltac:(lia)). lia.
  Qed.

  Lemma tree_row r R w : ram_checked I -> tree r R w -> 0 <= r < i_n I ->
    next w + i_size I r / 512 <= i_pool I + i_pooln I -> i_pool I + i_pooln I <= 2 ^ 28 -> 0 <= i_pool I ->
    tree (r + 1) (row_role w r R) (with_row w r).
  Proof.
    intros G T Hr Hn He Hp. pose proof (t_next _ _ _ _ T) as Nx.
    destruct (proj1 (proj2 G) r Hr) as [Rg [A1 A2]]. pose proof (proj1 G) as Gn. unfold range_ok in Rg.
    assert (Fp : 0 <= first) by (unfold Init_Spec.first; words).
    set (w' := with_row w r).
    assert (S : forall i, 0 <= i <= r -> get U64 w' "region.l3" [i] = if r =? i then next w else get U64 w "region.l3" [i]).
    { intros i Hi. unfold w', with_row. gets. destruct (r =? i); [|reflexivity]. apply wrap_small. unfold in_ty, modulus. pows. lia. }
    assert (X : ext R (row_role w r R)).
    { intros p N. unfold row_role. destruct (_ && _) eqn:E; [|reflexivity]. destruct N. apply (free_next _ _ _ _ T). lia. }
    pose proof T as T0. destruct T.
    assert (F : forall p x, R p = x -> x <> Free -> row_role w r R p = x) by (intros p x <- N; apply X, N).
    assert (Nw : next w' = next w + i_size I r / 512).
    { unfold w', with_row, next at 1. gets. apply wrap_small. unfold in_ty, modulus. pows. words. }
    constructor.
    - unfold w', with_row. repeat (apply says_put; [reflexivity|]). assumption.
    - rewrite Nw. split; [|lia]. words.
    - intros _. unfold w', with_row. gets. apply wrap_small. unfold in_ty, modulus. lia.
    - intros i Hi. unfold w', with_row. gets. destruct (Z.eqb_spec r i) as [<-|].
      + rewrite !wrap_small by (unfold in_ty, modulus; pows; lia). auto.
      + apply t_regions. lia.
    - unfold w', with_row. gets. assumption.
    - intros p N. rewrite Nw. unfold row_role in N. destruct (_ && _) eqn:E; [lia|]. specialize (t_role p N).
      assert (0 <= i_size I r / 512) by words. lia.
    - destruct t_roots. split; apply F; auto; discriminate.
    - intros g Hg. unfold w', with_row, l2_of. gets. apply t_l1, Hg.
    - intros g Hg N. unfold w', with_row, l2_of in *. gets. rewrite !get_put in N. cbn in N. apply F; [|discriminate].
      apply t_l2; assumption.
    - intros i b Hi Hb. unfold row. rewrite S by lia. destruct (Z.eqb_spec r i) as [<-|].
      + unfold in_row in Hb. unfold row_role. replace (_ && _) with true; [f_equal; lia|]. symmetry. words.
      + apply F; [|discriminate]. apply t_row; [lia|exact Hb].
    - intros b Hb N. unfold w', with_row, entry_of, l2_of in *. gets. rewrite !get_put in N. cbn in N.
      apply entry_ok_frame with r R w; [apply t_entry; assumption|lia|exact X| |reflexivity].
      intros i Hi. unfold row. fold (with_row w r). fold w'. rewrite S by lia.
      replace (r =? i) with false by lia. reflexivity.
    - intros c Hc. unfold w', with_row. gets. apply F; [auto|discriminate].
  Qed.
End Facts.
