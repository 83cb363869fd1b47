(** * Boot: primitives and objects, as the code uses them *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Events Boot.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Init_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** Objects *)
Lemma get_put t c ix v w c' ix' :
  get t (put c ix v w) c' ix' = if String.eqb c c' && zlist_eqb ix ix' then wrap t v else get t w c' ix'.
Proof. unfold get, put, set_mem, upd, loc_eqb; cbn. destruct (_ && _); reflexivity. Qed.

Lemma get_other t c ix v w c' ix' : String.eqb c c' = false -> get t (put c ix v w) c' ix' = get t w c' ix'.
Proof. intros E. rewrite get_put, E. reflexivity. Qed.

Lemma get_range t w c ix : in_ty t (get t w c ix).
Proof. apply wrap_in. Qed.

Lemma boot_read {A} c ix t (k : Z -> prog A) (Q : A -> world -> Prop) w :
  WP (k (get t w c ix)) Q w -> WP (Ev (ERead (c, ix)) (fun v => k (wrap t v))) Q w.
Proof. intros H. apply wp_event; [exact Logic.I|]. intros v w' [-> ->]. exact H. Qed.

Lemma boot_read_ret c ix t (Q : Z -> world -> Prop) w :
  Q (get t w c ix) w -> WP (Ev (ERead (c, ix)) (fun v => Ret (wrap t v))) Q w.
Proof. intros H. apply (boot_read c ix t (fun v => Ret v)). exact H. Qed.

Lemma boot_write {A} c ix x (k : Z -> prog A) (Q : A -> world -> Prop) w : String.prefix "boot." c = false ->
  (forall v, WP (k v) Q (put c ix x w)) -> WP (Ev (EWrite (c, ix) x) k) Q w.
Proof. intros P H. apply wp_event; [exact P|]. intros v w' ->. apply H. Qed.

(** ** What is said stays said *)
Lemma says_info w : says (info_of w) w.
Proof. constructor; reflexivity. Qed.

Lemma says_mem J w w' : (forall c ix, String.prefix "boot." c = true -> w_mem w' (c, ix) = w_mem w (c, ix)) ->
  says J w -> says J w'.
Proof. intros E []. constructor; intros; unfold get in *; rewrite E by reflexivity; auto. Qed.

Lemma says_put J c ix v w : String.prefix "boot." c = false -> says J w -> says J (put c ix v w).
Proof.
  intros N. apply says_mem. intros d jx P. apply upd_name. destruct (String.eqb_spec c d); congruence.
Qed.

Lemma says_ram J w p : says J w -> ram (info_of w) p <-> ram J p.
Proof.
  intros S. unfold ram, info_of; cbn. rewrite (sy_n J w S).
  split; intros (i & A & B); exists i; rewrite ?(sy_base J w S), ?(sy_size J w S) in *; auto.
Qed.
Lemma says_pool J w p : says J w -> pool (info_of w) p <-> pool J p.
Proof. intros S. unfold pool, info_of; cbn. rewrite (sy_pool J w S), (sy_pooln J w S). reflexivity. Qed.

(** ** Primitives *)
Definition boot_meta_get (d : den) : Prop := forall J p w, says J w -> ram J p ->
  WP (d [p]) (fun r w' => w' = w /\ r = Some (state w p)) w.
Definition boot_meta_set (d : den) : Prop := forall J p s w, says J w -> ram J p ->
  WP (d [p; s]) (fun r w' => w' = set_meta p s w /\ r = None) w.
Definition boot_pte_get (d : den) : Prop := forall J p i w, says J w -> pool J p -> 0 <= i < 512 ->
  WP (d [p; i]) (fun r w' => w' = w /\ r = Some (word w p i)) w.
Definition boot_pte_set (d : den) : Prop := forall J p i x w, says J w -> pool J p -> 0 <= i < 512 ->
  WP (d [p; i; x]) (fun r w' => w' = set_ram (store_word p i x (w_ram w)) w /\ r = None) w.
Definition boot_page_zero (d : den) : Prop := forall J p w, says J w -> pool J p ->
  WP (d [p]) (fun r w' => w' = set_ram (store_page p (fun _ => 0) (w_ram w)) w /\ r = None) w.

Section Prims.
  Variable prims : ident -> option signature.
  Ltac rule E := intros J ** ; eapply r_primitive; [exact E|reflexivity|..].

  Lemma boot_meta_get_ok : prims "meta_get" = Some {| s_params := [U64]; s_result := Some U64 |} ->
    boot_meta_get (call_primitive prims "meta_get").
  Proof. intros E. rule E; [apply (says_ram J w p); assumption|]. intros v w' [-> ->]. split; reflexivity. Qed.
  Lemma boot_meta_set_ok : prims "meta_set" = Some {| s_params := [U64; U64]; s_result := None |} ->
    boot_meta_set (call_primitive prims "meta_set").
  Proof. intros E. rule E; [apply (says_ram J w p); assumption|]. intros v w' ->. split; reflexivity. Qed.
  Lemma boot_pte_get_ok : prims "pte_get" = Some {| s_params := [U64; U64]; s_result := Some U64 |} ->
    boot_pte_get (call_primitive prims "pte_get").
  Proof. intros E. rule E; [split; [apply (says_pool J w p); assumption|assumption]|]. intros v w' [-> ->]. split; reflexivity. Qed.
  Lemma boot_pte_set_ok : prims "pte_set" = Some {| s_params := [U64; U64; U64]; s_result := None |} ->
    boot_pte_set (call_primitive prims "pte_set").
  Proof. intros E. rule E; [split; [apply (says_pool J w p); assumption|assumption]|]. intros v w' ->. split; reflexivity. Qed.
  Lemma boot_page_zero_ok : prims "page_zero" = Some {| s_params := [U64]; s_result := None |} ->
    boot_page_zero (call_primitive prims "page_zero").
  Proof. intros E. rule E; [apply (says_pool J w p); assumption|]. intros v w' ->. split; reflexivity. Qed.
End Prims.

(** ** Stores into RAM *)
Lemma word_set w p i x q j :
  word (set_ram (store_word p i x (w_ram w)) w) q j = if (q =? p) && (j =? i) then wrap U64 x else word w q j.
Proof. unfold word, store_word; cbn. destruct (_ && _); reflexivity. Qed.
Lemma word_page w p q j :
  word (set_ram (store_page p (fun _ => 0) (w_ram w)) w) q j = if q =? p then 0 else word w q j.
Proof. unfold word, store_page; cbn. destruct (_ =? _); reflexivity. Qed.
