(** * vCPUs: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Page_Spec Page_Facts Vcpu_Spec
  Vcpu_Facts.
From Redoubt.gen Require Import vm_vcpu vm_vcpu_reset.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  Lemma context_usable w p : context B w p -> usable B cpu w p.
  Proof. intros [R K _ _]. split; [exact R|]. auto. Qed.

  (** A store into a context page that has been touched since [w]. *)
  Lemma store F p i x w w1 : spec_pg_set B cpu LI (F "pg_set") -> context B w p -> touched p w w1 -> cs B w1 ->
    0 <= i < 512 ->
    WP (F "pg_set" [p; i; x]) (fun r w' => r = None /\ cs B w' /\ touched p w w' /\
      forall j, word w' p j = if j =? i then wrap U64 x else word w1 p j) w1.
  Proof.
    intros HS X T C Hi. pose proof (touched_context B p w w1 p T X) as X1.
    destruct (store_touched B HB w1 p i x (cs_inv B _ C) X1) as [I2 T2].
    eapply wp_mono; [apply HS; [exact C|apply context_usable, X1|apply X1|exact Hi|apply X1|apply (i_secure B _ I2)]|].
    cbv beta. intros r w' [-> ->]. split; [reflexivity|]. split; [split; [exact I2|apply C]|].
    split; [apply (touched_trans p w w1); assumption|]. intros j.
    unfold word; cbn. unfold store_word. rewrite Z.eqb_refl. cbn [andb]. destruct (j =? i); reflexivity.
  Qed.
  Ltac put HS X T C w' T' C' W' := eapply wp_mono; [eapply store; [exact HS|exact X|exact T|exact C|side]|];
    cbv beta; intros ? w' (-> & C' & T' & W'); steps.

  Lemma vcpu_reset_ok F : spec_pg_set B cpu LI (F "pg_set") ->
    spec_vcpu_reset B cpu LI (invoke F fuel f_vcpu_reset).
  Proof.
    intros HS h i w Hh Hi X C. enter. steps. read_locked C.
    change (wrap U64 (w_mem w ("vcpus.ctx_pfn", [h; i]))) with (vcpu_ctx w h i). set (p := vcpu_ctx w h i) in *. steps.
    loop (fun m e w1 => cs B w1 /\ touched p w w1 /\ exists j, m = 128 - j /\ 0 <= j <= 128 /\
      e = [("h", Some h); ("idx", Some i); ("ctx", Some p); ("i", Some j)] /\
      forall a, 0 <= a < j -> word w1 p a = 0) from 128.
    - lia.
    - split; [exact C|]. split; [apply touched_refl|]. exists 0. split; [lia|]. split; [lia|]. split; [reflexivity|].
      intros a A; lia.
    - intros m e w1 M (C1 & T1 & j & -> & J & -> & Z1). steps.
      + put HS X T1 C1 w2 T2 C2 W2. exists (128 - (j + 1)). split; [lia|]. split; [exact C2|]. split; [exact T2|].
        exists (j + 1). split; [lia|]. split; [lia|]. split; [reflexivity|]. intros a A. rewrite W2.
        destruct (Z.eqb_spec a j); [reflexivity|]. apply Z1. lia.
      + put HS X T1 C1 w2 T2 C2 W2. put HS X T2 C2 w3 T3 C3 W3.
        put HS X T3 C3 w4 T4 C4 W4. split; [reflexivity|]. split; [exact C4|]. split; [exact T4|].
        intros a A. rewrite W4, W3, W2. unfold reset_word, CTX_WORDS in *.
        assert (E58 : wrap U64 (Z.lor 2147483648 (Z.land i 15)) = 2 ^ 31 + i).
        { rewrite (land_low i 15 4) by lia. rewrite Z.mod_small by lia. rewrite Z.lor_comm, Z.lor_comm.
          rewrite (lor_add 2147483648 i 31); [|lia|reflexivity|lia]. apply wrap_small. unfold in_ty, modulus. lia. }
        destruct (Z.eqb_spec a 58) as [->|]; [exact E58|]. destruct (Z.eqb_spec a 37) as [->|]; [reflexivity|].
        destruct (Z.eqb_spec a 32) as [->|]; [reflexivity|]. apply Z1. lia.
  Qed.

  Lemma vcpu_boot_ok F : spec_pg_get B cpu LI (F "pg_get") -> spec_pg_set B cpu LI (F "pg_set") ->
    spec_vcpu_boot B cpu LI (invoke F fuel f_vcpu_boot).
  Proof.
    intros HG HS ctx run w X U C. enter. steps.
    assert (Own : forall w1 w2, cs B w1 -> touched ctx w w1 -> interference w1 w2 ->
      forall j, word w2 ctx j = word w1 ctx j).
    { intros w1 w2 C1 T1 (r & -> & E) j. unfold word; cbn.
      pose proof (touched_context B ctx w w1 ctx T1 X) as [R K _ Fr].
      rewrite E; [reflexivity|apply (kept_unreached B HB); [apply C1|exact R|auto]|].
      intros [Y|(g & j0 & T & Y)]; [exact (Fr Y)|]. pose proof (s_seats B _ (i_secure B _ (cs_inv B _ C1))) as S.
      destruct (st_run B w1 S g j0 T) as (_ & Y' & _). rewrite <- Y in Y'. pg; lia. }
    eapply wp_mono; [apply HG; [exact C|exact U|lia]|]. cbv beta. intros ? w1 (J1 & C1 & ->). steps.
    pose proof (touched_interference ctx w w1 J1) as T1.
    put HS X T1 C1 w2 T2 C2 W2. pose proof (Own w w1 C (touched_refl ctx w) J1) as O1.
    assert (Keep : forall j, j <> CTX_PC -> ~ 0 <= j < 4 -> word w2 ctx j = word w ctx j).
    { intros j N _. rewrite W2, O1. unfold CTX_PC in N. destruct (Z.eqb_spec j 31); [contradiction|reflexivity]. }
    clear W2 O1.
    loop (fun m e w3 => cs B w3 /\ touched ctx w w3 /\ exists i v, m = 4 - i /\ 0 <= i <= 4 /\
      e = [("ctx", Some ctx); ("run", Some run); ("i", Some i); ("v", Some v)] /\
      forall j, j <> CTX_PC -> ~ 0 <= j < 4 -> word w3 ctx j = word w ctx j) from 4.
    - lia.
    - split; [exact C2|]. split; [exact T2|]. exists 0. eexists. split; [reflexivity|]. split; [lia|]. split; [reflexivity|].
      exact Keep.
    - intros m e w3 M (C3 & T3 & i & v & -> & I & -> & K3). steps.
      + eapply wp_mono; [apply HG; [exact C3|apply (touched_readable B ctx w w3 run T3 U)|lia]|].
        cbv beta. intros ? w4 (J4 & C4 & ->). steps.
        assert (T4 : touched ctx w w4) by (apply (touched_trans ctx w w3); [exact T3|apply touched_interference, J4]).
        put HS X T4 C4 w5 T5 C5 W5. exists (4 - (i + 1)). split; [lia|]. split; [exact C5|]. split; [exact T5|].
        exists (i + 1). eexists. split; [lia|]. split; [lia|]. split; [reflexivity|].
        intros j N1 N2. rewrite W5, (Own w3 w4 C3 T3 J4). destruct (Z.eqb_spec j i); [lia|]. apply K3; assumption.
      + split; [reflexivity|]. split; [exact C3|]. split; [exact T3|exact K3].
  Qed.
End Proofs.
