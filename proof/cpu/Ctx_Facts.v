(** * What stays while KCore works on registers of its CPU and its own pages *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Exposed Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Prims Cpu_Facts Local_Prims.
From Redoubt.cpu Require Import Prims Ctx_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** [changes] *)
Lemma changes_refl c cells words w : changes c cells words w w.
Proof. constructor; reflexivity. Qed.

Lemma changes_trans c cells words w w1 w2 : changes c cells words w w1 -> changes c cells words w1 w2 -> changes c cells words w w2.
Proof.
  intros [A1 A2 A3 A4 A5 A6] [B1 B2 B3 B4 B5 B6]. constructor; try congruence.
  - intros l N. rewrite B5, A5; auto.
  - intros p i N. rewrite B6, A6; auto.
Qed.

Lemma changes_more c (cells cells' : list ident) (words words' : Z -> Z -> Prop) w w' : incl cells cells' ->
  (forall p i, words p i -> words' p i) -> changes c cells words w w' -> changes c cells' words' w w'.
Proof.
  intros I J [A1 A2 A3 A4 A5 A6]. constructor; try assumption.
  - intros l N. apply A5. intros [X Y]. apply N. split; [apply I, X|exact Y].
  - intros p i N. apply A6. intros X. apply N, J, X.
Qed.

Lemma changes_reg c cells words x w : In ("reg." ++ fst (fst x)) cells -> changes c cells words w (set_reg c x w).
Proof.
  intros I. constructor; try reflexivity. intros [d ix] N. cbn [set_reg w_mem]. apply upd_other. intros E. apply N.
  rewrite <- E. split; [exact I|reflexivity].
Qed.

Lemma changes_cell B c cells words d v w : In d cells -> class_of d = Percpu ->
  changes c cells words w (write_cell B (obj d [c]) v w).
Proof.
  intros I P. rewrite percpu_write by exact P. constructor; try reflexivity. intros l N. cbn [w_mem set_mem]. apply upd_other.
  intros E. apply N. rewrite <- E. split; [exact I|reflexivity].
Qed.

Lemma changes_ram c cells (words : Z -> Z -> Prop) w r : (forall p i, ~ words p i -> r p i = w_ram w p i) ->
  changes c cells words w (set_ram r w).
Proof. intros H. constructor; try reflexivity. exact H. Qed.

Lemma changes_word c cells (words : Z -> Z -> Prop) p i x w : words p i -> changes c cells words w (put_word p i x w).
Proof.
  intros H. apply changes_ram. intros q j N. unfold store_word.
  destruct (Z.eqb_spec q p), (Z.eqb_spec j i); subst; try reflexivity. contradiction.
Qed.

(** All of these names are of registers or of entries of [pcpu]. *)
Definition own_names (cells : list ident) : bool :=
  forallb (fun d => match class_of d with Percpu => true | _ => false end) cells.

Section Same.
  Variables (B : board) (c : Z) (cells : list ident) (words : Z -> Z -> Prop) (w w' : world).
  Hypothesis N : own_names cells = true.
  Hypothesis H : changes c cells words w w'.

  Lemma same_cell d ix : class_of d <> Percpu -> w_mem w' (d, ix) = w_mem w (d, ix).
  Proof.
    intros P. apply (ch_mem _ _ _ _ _ H). intros [I _]. cbn [fst] in I. unfold own_names in N. rewrite forallb_forall in N.
    specialize (N d I). destruct (class_of d); try discriminate N. contradiction.
  Qed.
  Lemma same_own d ix : existsb (String.eqb d) cells = false -> w_mem w' (d, ix) = w_mem w (d, ix).
  Proof.
    intros P. apply (ch_mem _ _ _ _ _ H). intros [I _]. cbn [fst] in I.
    assert (X : existsb (String.eqb d) cells = true) by (apply existsb_exists; exists d; split; [exact I|apply String.eqb_refl]).
    congruence.
  Qed.
  Ltac same := first [rewrite !same_cell by (intros X; vm_compute in X; discriminate X)]; try reflexivity; try tauto.

  Lemma same_host d : host_ctx w' d = host_ctx w d. Proof. unfold host_ctx. same. Qed.
  Lemma same_token h i : token w' h i = token w h i. Proof. unfold token. same. Qed.
  Lemma same_run h i : vcpu_run w' h i = vcpu_run w h i. Proof. unfold vcpu_run. same. Qed.
  Lemma same_ctx h i : vcpu_ctx w' h i = vcpu_ctx w h i. Proof. unfold vcpu_ctx. same. Qed.
  Lemma same_root h : vm_root w' h = vm_root w h. Proof. unfold vm_root. same. Qed.
  Lemma same_protected h : protected w' h <-> protected w h. Proof. unfold protected. same. Qed.
  Lemma same_on h i : vcpu_on w' h i <-> vcpu_on w h i. Proof. unfold vcpu_on. same. Qed.
  Lemma same_held : w_held w' = w_held w. Proof. apply (ch_held _ _ _ _ _ H). Qed.
  Lemma same_state p : state w' p = state w p. Proof. unfold state. rewrite (ch_meta _ _ _ _ _ H). reflexivity. Qed.

  Lemma same_own_ctx p : own_ctx c w p -> own_ctx c w' p.
  Proof.
    intros [[R ->]|(h & i & T & O & ->)].
    - left. rewrite same_host. auto.
    - right. exists h, i. rewrite same_token, same_ctx. split; [exact T|]. split; [apply same_on, O|reflexivity].
  Qed.
  Lemma same_own_run p : own_run c w p -> own_run c w' p.
  Proof. intros (h & i & T & ->). exists h, i. rewrite same_token, same_run. auto. Qed.
  Lemma same_has ix : has c w ix -> has c w' ix.
  Proof. destruct ix as [|h [|i [|]]]; cbn [has]; auto; [intros [i T]; exists i|intros T]; rewrite same_token; exact T. Qed.
  Lemma same_constants : constants B w -> constants B w'.
  Proof.
    intros []. constructor; intros; rewrite ?same_host, ?same_cell by (intros X; vm_compute in X; discriminate X); eauto.
  Qed.

  Lemma changes_secure : secure B w -> secure B w'.
  Proof.
    intros [S1 S2 S3]. constructor.
    - intros k h fn p. rewrite (ch_tlb _ _ _ _ _ H). unfold allowed. rewrite same_state. apply S1.
    - intros h l fn t. rewrite (ch_walk _ _ _ _ _ H). unfold table_page. rewrite same_state. apply S2.
    - apply (seats_same B w); [exact S3|apply same_host| |intros; apply same_state|].
      + intros h i. rewrite same_token, same_run, same_ctx. intros T. split; [exact T|]. split; [reflexivity|].
        split; [reflexivity|apply same_protected].
      + intros d h l fn _. rewrite (ch_walk _ _ _ _ _ H). auto.
  Qed.
End Same.

(** ** What may go into which page *)
Section Told.
  Variables (B : board) (c : Z) (w : world).
  Hypothesis S : secure B w.
  Hypothesis Hc : 0 <= c < 8.

  Lemma normal_exposed h i h' j' : token w h i = c + 1 -> ~ protected w h -> token w h' j' = c + 1 -> protected w h' ->
    vcpu_run w h i <> vcpu_run w h' j'.
  Proof.
    intros T N T' P E. apply N.
    destruct (st_run B w (s_seats B w S) h i ltac:(lia)) as (_ & _ & A).
    destruct (st_run B w (s_seats B w S) h' j' ltac:(lia)) as (_ & _ & A'). rewrite <- E, A in A'. subst h'. exact P.
  Qed.
  Lemma told_normal h i j x : token w h i = c + 1 -> ~ protected w h -> told c w (vcpu_run w h i) j x.
  Proof.
    intros T N. split; [|intros _; right; exists h, i; auto]. intros h' j' T' P E. destruct (normal_exposed h i h' j' T N T' P E).
  Qed.

  (** Contexts are no run pages of protected VMs. *)
  Lemma told_ctx p j x : own_ctx c w p -> p = cur_ctx c w -> told c w p j x.
  Proof.
    intros O Ep. split; [|intros E; left; rewrite <- E; symmetry; exact Ep]. clear Ep.
    destruct O as [[_ ->]|(h & i & T & _ & ->)]; intros h' j' T' P' E.
    - destruct (st_run B w (s_seats B w S) h' j' ltac:(lia)) as (_ & K & _).
      destruct (st_host B w (s_seats B w S) c Hc) as (_ & K'). rewrite <- E, K' in K. discriminate K.
    - destruct (Z.eq_dec (wrap U32 (w_mem w (obj "vms.is_protected" [h]))) 0) as [P|P].
      + assert (N : ~ protected w h) by (intros X; exact (X P)).
        rewrite (st_normal B w (s_seats B w S) h i ltac:(lia) N) in E. destruct (normal_exposed h i h' j' T N T' P' E).
      + destruct (st_run B w (s_seats B w S) h' j' ltac:(lia)) as (_ & K & _).
        destruct (st_ctx B w (s_seats B w S) h i ltac:(lia) P) as (_ & K' & _). rewrite <- E, K' in K. discriminate K.
  Qed.

  Lemma told_host j x : cur_ctx c w = host_ctx w c -> told c w (host_ctx w c) j x.
  Proof. intros E. apply told_ctx; [left; auto|symmetry; exact E]. Qed.

  Lemma told_exposed p j x : own_run c w p -> exposed c w j x -> told c w p j x.
  Proof. intros O E. split; [intros h i _ _ _; exact E|intros _; right; exact O]. Qed.
End Told.
