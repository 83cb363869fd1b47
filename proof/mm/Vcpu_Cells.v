(** * A vCPU's objects: stores to those of a vCPU that is not there, and how one begins

    [sec_unmade]: objects of vCPU [i] of VM [h], which is not made, are of no account.  [sec_begins]: it is made,
    with pages that no other vCPU has. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Structure Structure_Frame Structure_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition vcpu_cell (c : ident) : bool := existsb (String.eqb c)
  ["vcpus.made"; "vcpus.run_pfn"; "vcpus.ctx_pfn"; "vcpus.loaded"].

Lemma unmade_token B w h i : vcpus_ok B w -> ~ vcpu_made w h i -> token w h i = 0.
Proof.
  intros U N. destruct (Z.eq_dec (token w h i) 0) as [E|E]; [exact E|]. destruct N. apply (u_token B w U h i E).
Qed.

(** What has to be so for vCPU [i] of VM [h], made in [w'], beside those of [w]. *)
Record begins (B : board) (w w' : world) (h i : Z) : Prop := {
  bg_live : live w h;
  bg_run : is_ram B (vcpu_run w' h i) /\ state w (vcpu_run w' h i) = mk_state PG_PINNED h 0;
  bg_runs : forall g j, vcpu_made w g j -> vcpu_run w g j <> vcpu_run w' h i;
  bg_normal : ~ protected w h -> vcpu_ctx w' h i = vcpu_run w' h i;
  bg_ctx : protected w h -> is_ram B (vcpu_ctx w' h i) /\ state w (vcpu_ctx w' h i) = mk_state PG_CTX h 0;
  bg_ctxs : protected w h -> forall j, vcpu_made w h j -> vcpu_ctx w h j <> vcpu_ctx w' h i }.

Section Cells.
  Variable B : board.
  Variables (w w' : world) (h i : Z).
  Hypothesis Hmeta : w_meta w' = w_meta w.
  Hypothesis Hram : w_ram w' = w_ram w.
  Hypothesis Hwalk : w_walk w' = w_walk w.
  Hypothesis Htlb : w_tlb w' = w_tlb w.
  Hypothesis Hcell : forall c ix, vcpu_cell c = false \/ ix <> [h; i] -> w_mem w' (c, ix) = w_mem w (c, ix).
  Hypothesis Hnew : ~ vcpu_made w h i.
  Hypothesis Htoken : token w' h i = token w h i.
  Hypothesis Hbegins : vcpu_made w' h i -> begins B w w' h i.

  Lemma vc_pair g j : g = h /\ j = i \/ [g; j] <> [h; i].
  Proof. destruct (Z.eq_dec g h), (Z.eq_dec j i); [left; auto|right; congruence..]. Qed.

  Lemma vc_made g j : [g; j] <> [h; i] -> (vcpu_made w' g j <-> vcpu_made w g j).
  Proof. intros N. unfold vcpu_made. rewrite Hcell by auto. reflexivity. Qed.

  Lemma vc_vcpus : vcpus_ok B w -> vcpus_ok B w'.
  Proof.
    intros U.
    assert (St : forall p, state w' p = state w p) by (intros p; unfold state; rewrite Hmeta; reflexivity).
    assert (Vs : forall g, vm_state w' g = vm_state w g) by (intros g; unfold vm_state; rewrite Hcell by auto; reflexivity).
    assert (Lv : forall g, live w' g <-> live w g) by (intros g; unfold live; rewrite Vs; reflexivity).
    assert (Pr : forall g, protected w' g <-> protected w g)
      by (intros g; unfold protected; rewrite Hcell by auto; reflexivity).
    assert (Tk : forall g j, token w' g j = token w g j).
    { intros g j. destruct (vc_pair g j) as [[-> ->]|N]; [exact Htoken|]. unfold token. rewrite Hcell by auto. reflexivity. }
    assert (Er : forall g j, [g; j] <> [h; i] -> vcpu_run w' g j = vcpu_run w g j)
      by (intros g j N; unfold vcpu_run; rewrite Hcell by auto; reflexivity).
    assert (Ec : forall g j, [g; j] <> [h; i] -> vcpu_ctx w' g j = vcpu_ctx w g j)
      by (intros g j N; unfold vcpu_ctx; rewrite Hcell by auto; reflexivity).
    assert (other_ctx : vcpu_made w' h i -> forall j, vcpu_made w h j -> vcpu_ctx w h j <> vcpu_ctx w' h i).
    { intros M j Mj. pose proof (Hbegins M) as G. destruct (Z.eq_dec (wrap U32 (w_mem w (obj "vms.is_protected" [h]))) 0) as [P|P].
      - assert (Np : ~ protected w h) by (intros X; exact (X P)).
        rewrite (bg_normal _ _ _ _ _ G Np), (u_normal _ _ U h j Mj Np). apply (bg_runs _ _ _ _ _ G), Mj.
      - apply (bg_ctxs _ _ _ _ _ G P), Mj. }
    constructor.
    - intros g R. rewrite Vs. apply (u_states _ _ U), R.
    - intros g j M. apply Lv. destruct (vc_pair g j) as [[-> ->]|N]; [apply Hbegins, M|].
      apply vc_made in M; [|exact N]. exact (u_live _ _ U g j M).
    - intros g j M. rewrite St. destruct (vc_pair g j) as [[-> ->]|N]; [apply (bg_run _ _ _ _ _ (Hbegins M))|].
      rewrite (Er g j N). apply (u_run _ _ U), vc_made; assumption.
    - intros g j g' j' M M' E. destruct (vc_pair g j) as [[-> ->]|N], (vc_pair g' j') as [[-> ->]|N']; [auto|..].
      + rewrite (Er g' j' N') in E. apply vc_made in M'; [|exact N'].
        destruct (bg_runs _ _ _ _ _ (Hbegins M) g' j' M'). symmetry. exact E.
      + rewrite (Er g j N) in E. apply vc_made in M; [|exact N]. destruct (bg_runs _ _ _ _ _ (Hbegins M') g j M E).
      + rewrite (Er g j N), (Er g' j' N') in E. apply (u_runs _ _ U); [apply vc_made; assumption..|exact E].
    - intros g j M Np. destruct (vc_pair g j) as [[-> ->]|N].
      + apply (bg_normal _ _ _ _ _ (Hbegins M)). intros X. apply Np, Pr, X.
      + rewrite (Er g j N), (Ec g j N). apply (u_normal _ _ U); [apply vc_made; assumption|]. intros X. apply Np, Pr, X.
    - intros g j M P. apply Pr in P. rewrite St. destruct (vc_pair g j) as [[-> ->]|N].
      + apply (bg_ctx _ _ _ _ _ (Hbegins M) P).
      + rewrite (Ec g j N). apply (u_ctx _ _ U); [apply vc_made; assumption|exact P].
    - intros g j j' M M' E.
      destruct (vc_pair g j) as [[-> ->]|N].
      + destruct (vc_pair h j') as [[_ ->]|N']; [reflexivity|]. rewrite (Ec h j' N') in E. apply vc_made in M'; [|exact N'].
        exfalso. exact (other_ctx M j' M' (eq_sym E)).
      + rewrite (Ec g j N) in E. apply vc_made in M; [|exact N]. destruct (vc_pair g j') as [[-> ->]|N'].
        * exfalso. exact (other_ctx M' j M E).
        * rewrite (Ec g j' N') in E. apply vc_made in M'; [|exact N']. exact (u_ctxs _ _ U g j j' M M' E).
    - intros g j. rewrite Tk. intros N. destruct (u_token _ _ U g j N) as [M R]. split; [|exact R].
      destruct (vc_pair g j) as [[-> ->]|N']; [contradiction|]. apply vc_made; assumption.
    - intros g L. apply Lv in L. rewrite (n_tokens_ext w w') by auto. unfold vm_n_loaded. rewrite Hcell by auto.
      apply (u_loaded _ _ U), L.
    - intros g L. apply Lv in L. destruct (u_ram _ _ U g L) as [R1 R2]. unfold vm_n_ram, ram_base, ram_size in *.
      rewrite Hcell by auto. split; [exact R1|]. intros k Hk. rewrite !Hcell by auto. apply R2, Hk.
  Qed.

  Theorem sec_vcpu fz L : cs B w' -> sec B fz L w -> sec B fz L w'.
  Proof.
    intros C S. apply sec_vms in S as [_ [T P N U]]. apply sec_vms. split; [exact C|].
    assert (St : forall p, state w' p = state w p) by (intros p; unfold state; rewrite Hmeta; reflexivity).
    assert (Wd : forall p j, word w' p j = word w p j) by (intros p j; unfold word; rewrite Hram; reflexivity).
    assert (Vs : forall g, vm_state w' g = vm_state w g) by (intros g; unfold vm_state; rewrite Hcell by auto; reflexivity).
    assert (Lv : forall g, live w' g <-> live w g) by (intros g; unfold live; rewrite Vs; reflexivity).
    assert (Rt : forall g, rooted w' g <-> rooted w g).
    { intros g. unfold rooted. rewrite Lv, Vs. unfold vm_n_lent. rewrite Hcell by auto. reflexivity. }
    assert (Tr : same_trees w w').
    { constructor.
      - intros g. apply Lv.
      - intros g. apply Rt.
      - intros g _. unfold vm_root. rewrite Hcell by auto. reflexivity.
      - intros g _. unfold protected. rewrite Hcell by auto. auto.
      - intros. apply Wd. }
    constructor.
    - apply (tables_frame B fz w w'); auto; [apply C|split; intros; congruence|].
      intros g fn p R F E. rewrite St. apply Rt in R. exact (proj2 (l_lent _ _ _ _ _ (t_leaf _ _ _ T g fn R F) p E)).
    - intros g Lg. apply Lv in Lg. destruct (P g Lg) as (l & H). exists l. apply pool_frame with (1 := Tr); auto.
      + left. apply Lv, Lg.
      + unfold vm_pool. rewrite Hcell by auto. reflexivity.
      + unfold vm_n_pool. rewrite Hcell by auto. reflexivity.
    - apply (lent_frame w w' L Tr); auto.
    - apply vc_vcpus, U.
  Qed.
End Cells.

Lemma steers_no_vcpu c : vcpu_cell c = true -> steers_walks c = false.
Proof.
  unfold vcpu_cell. intros H. apply existsb_exists in H as (d & I & E). apply String.eqb_eq in E. subst d.
  repeat (destruct I as [<-|I]; [reflexivity|]). destruct I.
Qed.

(** One store. *)
Lemma sec_store_vcpu B fz L w c h i v : let w' := write_cell B (c, [h; i]) v w in
  vcpu_cell c = true -> ~ vcpu_made w h i -> token w' h i = token w h i ->
  (vcpu_made w' h i -> begins B w w' h i) -> cs B w' -> sec B fz L w -> sec B fz L w'.
Proof.
  cbv zeta. intros V N T G C S. revert T G C. unfold write_cell; cbn [fst]. rewrite (steers_no_vcpu c V). intros T G C.
  apply (sec_vcpu B w _ h i); auto.
  intros d ix D. cbn. apply upd_other. intros E. assert (Ec : c = d) by congruence. assert (Ex : ix = [h;
    i]) by congruence. destruct D as [D|D]; [congruence|contradiction].
Qed.
