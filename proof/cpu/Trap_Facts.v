(** * What stays while KCore serves a trap of a guest *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts Exposed.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Prims Cpu_Facts Local_Prims.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Ctx_Spec Ctx_Facts Trap_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** The vCPU stays, whatever of its own it gets *)
Lemma serves_ram c w h i r : serves c w h i -> serves c (set_ram r w) h i.
Proof. intros []. constructor; assumption. Qed.

Lemma reg_apart c r ix d jx v m : String.prefix "reg." d = false -> upd m (reg c r ix) v (d, jx) = m (d, jx).
Proof. intros P. apply upd_other. intros E. injection E as E _. subst d. cbn in P. destruct r; discriminate P. Qed.

Lemma serves_reg c w h i x : serves c w h i -> serves c (set_reg c x w) h i.
Proof.
  intros []. constructor; try assumption; unfold loaded_vm, loaded_vcpu, token, vcpu_on, cur_ctx, vcpu_ctx, loaded_cell;
    cbn [set_reg w_mem]; rewrite !reg_apart by reflexivity; assumption.
Qed.

Lemma serves_put_reg c w h i n v : serves c w h i -> serves c (put_reg c n v w) h i.
Proof. intros V. unfold put_reg. destruct (n <? 31); [apply serves_ram|]; exact V. Qed.

Lemma loader_apart d e ix jx v m : class_of d = Loader -> class_of e <> Loader -> upd m (obj d ix) v (e, jx) = m (e, jx).
Proof. intros L N. apply upd_other. intros E. injection E as -> _. contradiction. Qed.

Lemma serves_loader c w h i d ix v : class_of d = Loader -> serves c w h i -> serves c (set_mem (upd (w_mem w) (obj d ix) v) w) h i.
Proof.
  intros L []. constructor; try assumption; unfold loaded_vm, loaded_vcpu, token, vcpu_on, cur_ctx, vcpu_ctx, loaded_cell;
    cbn [set_mem w_mem]; rewrite !(loader_apart d) by (exact L || discriminate); assumption.
Qed.

(** Its pages are this CPU's. *)
Section Pages.
  Variables (B : board) (c : Z) (w : world) (h i : Z).
  Hypothesis V : serves c w h i.

  Lemma serves_own_ctx : own_ctx c w (cur_ctx c w).
  Proof. right. exists h, i. rewrite (sv_ctx _ _ _ _ V). destruct V. auto. Qed.
  Lemma serves_own_page : protected w h -> own_page c w (cur_ctx c w).
  Proof. intros P. right. exists h, i. rewrite (sv_ctx _ _ _ _ V). destruct V. auto. Qed.
  Lemma serves_current : protected w h -> current c w.
  Proof. intros P. exists h, i. rewrite <- (sv_ctx _ _ _ _ V). split; [apply V|]. split; [apply V|]. split; [exact P|reflexivity]. Qed.
  Lemma serves_run : mine c w (vcpu_run w h i).
  Proof. right. exists h, i. destruct V. auto. Qed.
  Lemma serves_own_run : own_run c w (vcpu_run w h i).
  Proof. exists h, i. destruct V. auto. Qed.
  Lemma serves_run_read : may_read c w (obj "vcpus.run_pfn" [h; i]).
  Proof. right. left. split; [reflexivity|]. apply (sv_token _ _ _ _ V). Qed.
  Lemma serves_loads : has_vcpu c w [h; i].
  Proof. apply (sv_token _ _ _ _ V). Qed.
  (** A protected VM's context is not its run page. *)
  Lemma serves_apart : secure B w -> protected w h -> vcpu_run w h i <> cur_ctx c w.
  Proof.
    intros S P E. rewrite (sv_ctx _ _ _ _ V) in E. pose proof (sv_token _ _ _ _ V) as T. pose proof (sv_cpu _ _ _ _ V).
    destruct (st_run B w (s_seats B w S) h i ltac:(lia)) as (_ & K & _).
    destruct (st_ctx B w (s_seats B w S) h i ltac:(lia) P) as (_ & K' & _). rewrite <- E, K in K'. discriminate K'.
  Qed.
End Pages.

Lemma loader_steers d : class_of d = Loader -> steers_walks d = false.
Proof.
  intros E. destruct (steers_walks d) eqn:S; [|reflexivity]. unfold steers_walks in S. apply orb_true_iff in S as [S|S];
    apply String.eqb_eq in S; subst d; discriminate E.
Qed.

Lemma secure_loader B w d ix v : class_of d = Loader -> secure B w -> secure B (set_mem (upd (w_mem w) (obj d ix) v) w).
Proof.
  intros E [S1 S2 S3]. constructor; [exact S1|exact S2|]. apply seats_write; [|exact S3].
  destruct (seat_cell d) eqn:S; [|reflexivity]. unfold seat_cell in S. apply existsb_exists in S as (e & I & S).
  apply String.eqb_eq in S. subst e. repeat (destruct I as [<-|I]; [discriminate E|]). destruct I.
Qed.

Lemma secure_put_reg B c w n v : secure B w -> secure B (put_reg c n v w).
Proof. intros S. unfold put_reg. destruct (n <? 31); [apply secure_ram|]; exact S. Qed.

Section Write.
  Variables (B : board) (c : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore_all B c LI)).

  Lemma write_owed {A} d h i x (k : Z -> prog A) (Q : A -> world -> Prop) w : class_of d = Loader -> serves c w h i ->
    secure B w -> (forall v, WP (k v) Q (set_mem (upd (w_mem w) (obj d [h; i]) x) w)) -> WP (Ev (EWrite (d, [h; i]) x) k) Q w.
  Proof.
    intros E V S H. assert (R : write_cell B (d, [h; i]) x w = set_mem (upd (w_mem w) (obj d [h; i]) x) w)
      by (unfold write_cell; cbn [fst]; rewrite loader_steers by exact E; reflexivity).
    apply write_event; rewrite ?R.
    - split; [|cbn [fst snd]; rewrite E; left; exact (serves_loads _ _ _ _ V)].
      apply untied. unfold tied. cbn [fst existsb]. rewrite !orb_false_iff. repeat split; apply String.eqb_neq; intros ->; discriminate E.
    - discriminate.
    - apply secure_loader; assumption.
    - exact H.
  Qed.
End Write.

(** ** Words *)
Lemma shown_page_range c w p : shown_page c w p -> 0 <= p < 2 ^ 40.
Proof. intros []; try assumption; apply Z.mod_pos_bound; reflexivity. Qed.

(** What a page that may be shown depends on. *)
Lemma shown_page_as c w w1 p : reg_of w1 c "esr" [] = reg_of w c "esr" [] -> reg_of w1 c "hpfar" [] = reg_of w c "hpfar" [] ->
  (class c w = HVC \/ class c w = SMC -> current c w1 /\ x_reg c w1 1 = x_reg c w 1) -> shown_page c w p -> shown_page c w1 p.
Proof.
  intros E H X P. assert (Y : syndrome c w1 = syndrome c w) by exact E. destruct P as [|p C F R|C].
  - rewrite <- H. apply of_fault.
  - apply of_walk; [unfold class in *; rewrite Y; exact C|rewrite Y; exact F|exact R].
  - destruct (X (proj2 C)) as [Cu Ex]. rewrite <- Ex. apply of_call. split; [exact Cu|]. unfold class in *. rewrite Y. exact (proj2 C).
Qed.

(** A register of the vCPU, after a word of another page. *)
Lemma x_reg_kept c p j v w n : p <> cur_ctx c w -> x_reg c (put_word p j v w) n = x_reg c w n.
Proof. intros N. unfold x_reg. destruct (n <? 31); [|reflexivity]. apply put_word_other. left. intros E. apply N. symmetry. exact E. Qed.

Lemma page_word p : 0 <= p < 2 ^ 40 -> wrap U64 (Z.shiftl p 4) = 16 * p.
Proof. intros R. rewrite Z.shiftl_mul_pow2 by lia. change (2 ^ 40) with 1099511627776 in R. rewrite wrap_small by (unfold in_ty; cbn;
  lia). lia. Qed.

Lemma class_field c w : Z.land (Z.shiftr (reg_of w c "esr" []) 26) 63 = class c w.
Proof. rewrite (mask_field _ _ 26 6) by (lia || reflexivity). reflexivity. Qed.

(** Reads its VM, its number, its run page; [V : serves c w h i], [S : secure B w]. *)
Ltac who V S := first
  [ apply read_ret; [reflexivity|exact S|]; reduce
  | apply read_ret; [exact (serves_run_read _ _ _ _ V)|exact S|]; reduce ].
Ltac named V :=
  repeat match goal with
  | |- context [wrap U32 (w_mem ?w (obj "pcpu.vm" [?c]))] => change (wrap U32 (w_mem w (obj "pcpu.vm" [c]))) with (loaded_vm c w)
  | |- context [wrap U32 (w_mem ?w (obj "pcpu.vcpu" [?c]))] => change (wrap U32 (w_mem w (obj "pcpu.vcpu" [c]))) with (loaded_vcpu c w)
  end; rewrite ?(sv_vm _ _ _ _ V), ?(sv_vcpu _ _ _ _ V).

Ltac ranges V := pose proof (sv_cpu _ _ _ _ V); pose proof (sv_h _ _ _ _ V); pose proof (sv_i _ _ _ _ V).
(** The next word of the run page; what remains to show is that it may be told. *)
Ltac word H V := eapply wp_mono; [apply H; [exact (sv_held _ _ _ _ V)|exact (serves_run _ _ _ _ V)|lia|apply told_exposed;
  [exact (serves_own_run _ _ _ _ V)|]]|
  cbv beta; intros ? ? [-> ->]; reduce; steps].
Ltac shows L D := lazymatch goal with |- exposed ?c ?w _ _ => apply ex_esr; exact (L c w D) end.
(** Its VM, its number, its run page. *)
Ltac run V S := do 3 (who V S; named V; steps);
  match type of V with serves _ ?w ?h ?i => change (wrap U64 (w_mem w ("vcpus.run_pfn", [h; i]))) with (vcpu_run w h i) end.
(** A register of the vCPU. *)
Ltac own V S := first [assumption|exact (sv_cpu _ _ _ _ V)|exact (sv_held _ _ _ _ V)|exact S|exact (serves_own_ctx _ _ _ _ V)|unfold
  in_ty; cbn; lia].
Ltac put H V S := eapply wp_mono; [apply H; own V S|cbv beta; intros ? ? [-> ->]; reduce; steps].
