(** * What KServ finds after an exit: KCore's service of a guest leaves it as it was ([kserv_of]), and [guest_exit] gives it back *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Prims Cpu_Facts.
From Redoubt.cpu Require Import Word_Spec Ctx_Spec Ctx_Facts Trap_Spec Vgic_Proof Run_Spec Run_Exit_Proof Rest_Spec Serve_Spec
  Serve_Keeps.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** The page, word by word, and the rest of it. *)
Lemma ctx_words_same w w' p : (forall j, 0 <= j < 128 -> word w' p j = word w p j) -> ctx_words w' p = ctx_words w p.
Proof. intros H. apply map_ext_in. intros i J. apply in_seq in J. apply H. lia. Qed.
Lemma ctx_words_nth w p n : (n < 128)%nat -> nth n (ctx_words w p) 0 = word w p (Z.of_nat n).
Proof.
  intros L. unfold ctx_words. rewrite nth_indep with (d' := word w p (Z.of_nat 0)) by (rewrite map_length, seq_length; exact L).
  rewrite (map_nth (fun i => word w p (Z.of_nat i))), seq_nth by exact L. reflexivity.
Qed.
Lemma ctx_words_exit w w' p code : word w' p 0 = 0 -> word w' p 1 = code -> (forall j, 2 <= j < 128 -> word w' p j = word w p j) ->
  ctx_words w' p = 0 :: code :: skipn 2 (ctx_words w p).
Proof.
  intros H0 H1 H. unfold ctx_words. change (seq 0 128) with (0%nat :: 1%nat :: seq 2 126). cbn [List.map skipn].
  change (Z.of_nat 0) with 0. change (Z.of_nat 1) with 1. rewrite H0, H1. do 2 f_equal. apply map_ext_in. intros i J. apply in_seq in J.
  apply H. lia.
Qed.

Lemma kserv_same c w w' : host_ctx w' c = host_ctx w c -> w_mem w' (obj "pcpu.mdcr" [c]) = w_mem w (obj "pcpu.mdcr" [c]) ->
  w_mem w' (obj "pcpu.pmu" [c]) = w_mem w (obj "pcpu.pmu" [c]) -> reg_of w' c "cntvoff" [] = reg_of w c "cntvoff" [] ->
  w_mem w' (obj "host_root" []) = w_mem w (obj "host_root" []) ->
  (forall j, w_ram w' (host_ctx w c) j = w_ram w (host_ctx w c) j) -> kserv_of c w' = kserv_of c w.
Proof.
  intros H1 H2 H3 H4 H5 H6. unfold kserv_of. rewrite H1, H2, H3, H4, H5. f_equal. apply ctx_words_same. intros j _. unfold word.
  rewrite H6. reflexivity.
Qed.

Section Facts.
  Variables (B : board) (c : Z).

  (** A handler. *)
  Lemma keeps_kserv_apart h i w w' : keeps_guest c h i w w' -> host_ctx w c <> vcpu_run w h i -> host_ctx w c <> vcpu_ctx w h i ->
    kserv_of c w' = kserv_of c w.
  Proof.
    intros K N1 N2. apply kserv_same.
    - apply (keeps_host_ctx c h i w w' K).
    - apply (kg_mem _ _ _ _ _ K). cbn. tauto.
    - apply (kg_mem _ _ _ _ _ K). cbn. tauto.
    - unfold reg_of. f_equal. apply (kg_mem _ _ _ _ _ K). cbn. tauto.
    - apply (kg_mem _ _ _ _ _ K). cbn. tauto.
    - intros j. apply (kg_host _ _ _ _ _ K j N1 N2).
  Qed.
  Lemma keeps_kserv h i w w' : secure B w -> keeps_guest c h i w w' -> serves c w h i -> kserv_of c w' = kserv_of c w.
  Proof.
    intros S K V. pose proof (sv_token _ _ _ _ V). pose proof (sv_cpu _ _ _ _ V) as Hc.
    destruct (host_apart B c w S Hc h i) as [N1 N2]; [lia|]. exact (keeps_kserv_apart h i w w' K N1 N2).
  Qed.

  (** The exit. *)
  Lemma again_found code w w' h i : 0 <= c < 8 -> secure B w -> token w h i <> 0 -> cur_ctx c w = vcpu_ctx w h i ->
    loaded_vm c w = h -> loaded_vcpu c w = i -> host_again c code w w' -> found c w' = after_exit (kserv_of c w) code.
  Proof.
    intros Hc S T Ec Eh Ei Ha. destruct (host_apart B c w S Hc h i T) as [N1 N2]. subst h i. rewrite <- Ec in N2. pose proof
      (ha_changes _ _ _ _ Ha) as C.
    assert (Eo : host_ctx w' c = host_ctx w c) by (eapply same_host; [|exact C]; reflexivity).
    unfold found, after_exit, kserv_of. cbn [ks_page ks_words ks_mdcr ks_pmu ks_cntvoff ks_root].
    rewrite (proj1 (ha_serves _ _ _ _ Ha)), Eo. f_equal.
    - apply ctx_words_exit; [exact (ha_x0 _ _ _ _ Ha)|exact (ha_x1 _ _ _ _ Ha)|]. intros j J. unfold word.
      rewrite (ch_ram _ _ _ _ _ C); [reflexivity|].
      intros [[X _]|[(_ & X & _)|[[X _]|[[X _]|[_ X]]]]]; [exact (N2 X)|exact (N1 X)|exact (N1 X)|exact (N1 X)|lia].
    - cbn [List.map Traps_System.shows]. rewrite !ctx_words_nth by lia. cbn [Z.of_nat Pos.of_succ_nat Pos.succ].
      rewrite (ha_pc _ _ _ _ Ha), (ha_pstate _ _ _ _ Ha), (ha_vbar _ _ _ _ Ha), (ha_sctlr _ _ _ _ Ha), (ha_ctx _ _ _ _ Ha),
        (ha_tables _ _ _ _ Ha), (ha_hcr _ _ _ _ Ha), (ha_mdcr _ _ _ _ Ha), (ha_cptr _ _ _ _ Ha), (ha_features _ _ _ _ Ha),
        (ha_timers _ _ _ _ Ha), (ha_pmu _ _ _ _ Ha).
      rewrite (same_reg c _ _ _ _ "cntvoff" [] C) by reflexivity. reflexivity.
  Qed.
  (** The vCPU that has turned itself off is marked so, with the lock. *)
  Lemma off_found w w' : keeps_own c ["pcpu.ready"] w w' -> 0 <= c < 8 -> cur_ctx c w = host_ctx w c -> found c w' = found c w.
  Proof.
    intros (Ow & Hx & Pg & _) Hc E.
    assert (Cx : cur_ctx c w' = cur_ctx c w) by (unfold cur_ctx; rewrite Ow by reflexivity; reflexivity).
    unfold found. rewrite Cx. f_equal.
    - apply ctx_words_same. intros j _. unfold word. rewrite E, Pg by exact Hc. reflexivity.
    - apply map_ext_in. intros r J. unfold reg_of, reg. f_equal. apply Ow; [exact (reg_class c r [])|reflexivity|].
      unfold Traps_System.shows in J. cbn [In] in J. repeat (destruct J as [<-|J]; [reflexivity|]). destruct J.
  Qed.
End Facts.
