(** * A page goes to a VM's pool *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Structure Structure_Frame Structure_Facts
  Structure_Steps Vm_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma below_length n l : NoDup l -> (forall p, In p l -> 0 <= p < Z.of_nat n) -> (List.length l <= n)%nat.
Proof.
  intros N R. rewrite <- (seq_length n 0), <- (map_length Z.of_nat (seq 0 n)). apply NoDup_incl_length; [exact N|].
  intros p H. apply R in H. apply in_map_iff. exists (Z.to_nat p). split; [lia|]. apply in_seq. lia.
Qed.

Section Pool.
  Variable B : board.
  Hypothesis HB : board_ok B.

  (** Different pages of RAM: their number does not overflow. *)
  Lemma pool_length w h l : pool_of B w h l -> Z.of_nat (List.length l) <= 2 ^ 28.
  Proof.
    intros P. remember (2 ^ 28) as m eqn:E.
    assert (X : (List.length l <= Z.to_nat m)%nat); [|lia].
    apply below_length; [apply (p_different _ _ _ _ P)|]. intros p H. destruct (p_page _ _ _ _ P p H) as [R _].
    apply (ram_range B HB) in R. lia.
  Qed.

  (** [p] has the link in word 0; then the pool begins at [p]. *)
  Lemma sec_pool_put fz L h p v w : sec B fz L w -> live w h -> is_ram B p -> state w p = mk_state PG_VMCORE h 0 ->
    (forall i, 1 <= i < 512 -> word w p i = 0) -> ~ involved B w p -> word w p 0 = vm_pool w h ->
    wrap U64 v = wrap U64 (vm_n_pool w h + 1) ->
    let w' := set_mem (upd (upd (w_mem w) ("vms.pool", [h]) p) ("vms.n_pool", [h]) v) w in
    cs B w' -> sec B fz L w' /\ vm_n_pool w' h = vm_n_pool w h + 1.
  Proof.
    intros S Lv R St Z0 Ni Lk Ev w' C. pose proof (s_cs _ _ _ _ S) as [I _]. apply sec_vms in S as [_ [T P N U]].
    assert (Dm : forall c ix, c <> "vms.pool" -> c <> "vms.n_pool" -> w_mem w' (c, ix) = w_mem w (c, ix)).
    { intros c ix N1 N2. cbn [w' w_mem set_mem]. rewrite !upd_name by (apply String.eqb_neq; congruence). reflexivity. }
    assert (Do : forall c g, g <> h -> w_mem w' (c, [g]) = w_mem w (c, [g])).
    { intros c g Ng. cbn [w' w_mem set_mem]. rewrite !upd_other by congruence. reflexivity. }
    assert (Tr : same_trees w w').
    { constructor; auto; intros g X; exact X. }
    pose proof (ram_range B HB p R) as Rp.
    assert (Ep : vm_pool w' h = p).
    { unfold vm_pool. cbn [w' w_mem set_mem]. rewrite upd_name, upd_same by reflexivity. apply wrap_small. words. }
    destruct (P h Lv) as (l & H). pose proof (pool_length w h l H) as Len.
    pose proof (p_count _ _ _ _ H) as Cn.
    assert (En : vm_n_pool w' h = vm_n_pool w h + 1).
    { unfold vm_n_pool at 1. cbn [w' w_mem set_mem]. rewrite upd_same, Ev. apply wrap_small. rewrite Cn. words. }
    assert (Hp : pool_of B w' h (p :: l)).
    { destruct H. constructor.
      - rewrite En, p_count. cbn [List.length]. lia.
      - rewrite Ep. split; [reflexivity|]. change (word w' p 0) with (word w p 0). rewrite Lk.
        eapply linked_frame; [|exact p_linked]. reflexivity.
      - constructor; [|assumption]. intros X. apply Ni. eapply in_pool; [exact Lv| |exact X]. constructor; assumption.
      - intros q [<-|X]; [split; [exact R|exact St]|exact (p_page q X)].
      - intros q i [<-|X] Hi; [exact (Z0 i Hi)|exact (p_zero q i X Hi)].
      - intros q l' fn [<-|X] F; [|exact (p_apart q l' fn X F)].
        intros E. apply Ni. eapply in_table; [left; exact Lv|exact F|exact E]. }
    assert (Others : forall g l', live w g -> g <> h -> pool_of B w g l' -> pool_of B w' g l').
    { intros g l' Lg Ng Hg. apply pool_frame with w; auto; [left; exact Lg|..].
      - unfold vm_pool. rewrite Do by exact Ng. reflexivity.
      - unfold vm_n_pool. rewrite Do by exact Ng. reflexivity. }
    split; [|exact En]. apply sec_vms. split; [exact C|]. constructor.
    - apply (tables_frame B fz w w'); auto; [apply C|split; auto|].
      intros g fn q Rg F E. exact (proj2 (l_lent _ _ _ _ _ (t_leaf _ _ _ T g fn Rg F) q E)).
    - intros g Lg. destruct (Z.eq_dec g h) as [->|Ng]; [exists (p :: l); exact Hp|].
      destruct (P g Lg) as (l' & Hg). exists l'. apply Others; assumption.
    - apply (lent_frame w w' L Tr); auto.
    - apply (vcpus_frame_ram B w w' (y_live _ _ Tr) U).
      + apply (u_states _ _ U).
      + intros g i M. change (vcpu_made w g i) in M. split; [exact M|]. split; [exact (u_live _ _ U g i M)|].
        repeat (split; [reflexivity || auto|]). auto.
      + constructor; auto.
      + exact (u_ram _ _ U).
  Qed.
End Pool.
