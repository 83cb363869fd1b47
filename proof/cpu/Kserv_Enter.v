(** * What KServ will get back, when KC_VCPU_RUN puts a vCPU on the CPU: what it had at its trap *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec Prims Cpu_Facts Vm_Spec Local_Prims.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Ctx_Spec Ctx_Facts Trap_Spec Vgic_Proof Run_Spec Run_Exit_Proof Left_Kept Host_Facts
  Host_Call_Spec Rest_Spec Enter_Spec Serve_Spec Serve_Keeps Kserv_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Enter.
  Variables (B : board) (c : Z).

  (** It depends on these only. *)
  Lemma own_state_as w w1 x : host_ctx w c = host_ctx w1 c -> (forall j, word w (host_ctx w c) j = word w1 (host_ctx w c) j) ->
    (forall r ix, reg_of w c r ix = reg_of w1 c r ix) -> w_mem w (obj "pcpu.mdcr" [c]) = w_mem w1 (obj "pcpu.mdcr" [c]) ->
    w_mem w (obj "host_root" []) = w_mem w1 (obj "host_root" []) -> own_state c w1 x -> own_state c w x.
  Proof.
    intros H1 H2 H3 H4 H5 []. constructor; rewrite ?H3, ?H4, ?H5; auto; [congruence|]. intros n L N. rewrite H2, H1. auto.
  Qed.

  Lemma on_cpu_state pc pstate w w' : on_cpu c pc pstate w w' -> own_state c w (kserv_of c w').
  Proof.
    intros O. pose proof (en_changes _ _ _ _ _ O) as C. destruct (en_host _ _ _ _ _ O) as (E1 & E2 & E3 & E4).
    assert (Eo : host_ctx w' c = host_ctx w c) by (eapply same_host; [|exact C]; reflexivity).
    constructor; cbn [kserv_of ks_page ks_words ks_mdcr ks_pmu ks_cntvoff ks_root]; rewrite ?Eo.
    - reflexivity.
    - intros n L N. rewrite ctx_words_nth by exact L. unfold word. rewrite (ch_ram _ _ _ _ _ C); [reflexivity|]. intros [_ J]. lia.
    - rewrite ctx_words_nth by lia. exact E1.
    - rewrite ctx_words_nth by lia. exact E2.
    - rewrite ctx_words_nth by lia. exact E4.
    - rewrite ctx_words_nth by lia. exact E3.
    - rewrite (same_own c _ _ _ _ C) by reflexivity. reflexivity.
    - exact (en_pmu _ _ _ _ _ O).
    - apply (same_reg c _ _ _ _ "cntvoff" [] C). reflexivity.
    - rewrite (same_own c _ _ _ _ C) by reflexivity. reflexivity.
  Qed.

  (** A look at the vCPU, with the lock. *)
  Lemma vetted_state w w0 x : 0 <= c < 8 -> vetted B c w w0 -> own_state c w0 x -> own_state c w x.
  Proof.
    intros Hc [[_ ->]|(_ & w1 & L & Rg & ->)] O; [exact O|].
    assert (Eo : host_ctx w1 c = host_ctx w c).
    { unfold host_ctx. f_equal. apply (l_mem c w w1 L), left_owned; [exact I|discriminate|reflexivity|reflexivity]. }
    assert (Re : forall d ix, String.eqb "pcpu.ready" d = false -> w_mem (set_own B c "pcpu.ready" 1 w1) (d, ix) = w_mem w1 (d, ix)).
    { intros d ix N. unfold set_own. rewrite percpu_mem. apply upd_name, N. }
    assert (Rr : w_ram (set_own B c "pcpu.ready" 1 w1) = w_ram w1).
    { unfold set_own. rewrite percpu_write by reflexivity. reflexivity. }
    revert O. apply own_state_as.
    - unfold host_ctx in *. rewrite Re by reflexivity. symmetry. exact Eo.
    - intros j. unfold word. rewrite Rr, (l_ram c w w1 L); [reflexivity|]. left. auto.
    - intros r ix. unfold reg_of. f_equal. rewrite <- (Rg r ix). symmetry. apply Re. destruct r; reflexivity.
    - rewrite Re by reflexivity. symmetry. apply (l_mem c w w1 L), left_owned; [reflexivity|discriminate|reflexivity|reflexivity].
    - rewrite Re by reflexivity. symmetry. apply (l_mem c w w1 L), left_owned; [exact I|discriminate|reflexivity|reflexivity].
  Qed.

  Lemma runs_state w w' : idle B w' -> runs B c (no_results B c w) w' -> own_state c w (kserv_of c w').
  Proof.
    intros Id (Rs & Ag & w0 & pc & ps & Vt & _ & _ & _ & _ & w1 & Oc & Nn & Np). pose proof (rs_cpu _ _ Rs) as Hc.
    assert (O1 : own_state c w0 (kserv_of c w1)) by exact (on_cpu_state pc ps w0 w1 Oc).
    assert (E : kserv_of c w' = kserv_of c w1).
    { destruct (Z.eq_dec (wrap U32 (w_mem w0 (obj "vms.is_protected" [loaded_vm c w0]))) 0) as [P|P].
      - rewrite (Nn (fun X => X P)). reflexivity.
      - destruct (Np P) as (v & f & _ & _ & Cm). pose proof (en_guest _ _ _ _ _ Oc) as A1.
        assert (El : loaded_vm c w1 = loaded_vm c w0 /\ loaded_vcpu c w1 = loaded_vcpu c w0).
        { pose proof (en_changes _ _ _ _ _ Oc) as C. unfold loaded_vm, loaded_vcpu.
          rewrite !(same_own c _ _ _ _ C) by reflexivity. auto. }
        destruct El as [El1 El2]. set (h := loaded_vm c w0) in *. set (i := loaded_vcpu c w0) in *.
        destruct (completes_rest c h i w1 v f w' Cm) as (_ & _ & _ & Hd & _).
        assert (V : serves c w1 h i).
        { destruct A1 as [Ow N On Cx _ _ _]. rewrite El1, El2 in *. destruct (Ow ltac:(rewrite El1; exact N)) as (R1 & R2 & T).
          rewrite El1, El2 in *. constructor; auto. rewrite <- Hd. apply Id. }
        pose proof (completes_keeps c h i w1 v f w' Cm V) as K. pose proof (kg_serves _ _ _ _ _ K) as V'.
        pose proof (sv_token _ _ _ _ V') as T'.
        destruct (host_apart B c w' (kn_secure B w' (id_known B w' Id)) Hc h i) as [N1 N2]; [lia|].
        apply (keeps_kserv_apart c h i w1 w' K).
        + rewrite <- (keeps_host_ctx c h i w1 w' K), <- (keeps_run c h i w1 w' K). exact N1.
        + rewrite <- (keeps_host_ctx c h i w1 w' K), <- (keeps_ctx c h i w1 w' K). exact N2. }
    rewrite E. apply (vetted_state (no_results B c w) w0 _ Hc Vt) in O1. revert O1.
    assert (Re : forall d ix, existsb (String.eqb d) ["pcpu.res1"; "pcpu.res2"; "pcpu.res3"] = false ->
      w_mem w (d, ix) = w_mem (no_results B c w) (d, ix)).
    { intros d ix N. cbn [existsb] in N. rewrite !orb_false_iff in N. destruct N as (Y1 & Y2 & Y3 & _).
      rewrite String.eqb_sym in Y1, Y2, Y3. unfold no_results, set_own. rewrite !percpu_mem, !upd_name by assumption. reflexivity. }
    assert (Rr : w_ram (no_results B c w) = w_ram w).
    { unfold no_results, set_own. rewrite !percpu_write by reflexivity. reflexivity. }
    apply own_state_as.
    - unfold host_ctx. rewrite Re by reflexivity. reflexivity.
    - intros j. unfold word. rewrite Rr. reflexivity.
    - intros r ix. unfold reg_of, reg. rewrite Re; [reflexivity|]. destruct r; reflexivity.
    - apply Re. reflexivity.
    - apply Re. reflexivity.
  Qed.
End Enter.
