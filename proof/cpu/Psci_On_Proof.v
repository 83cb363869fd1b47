(** * A guest turns another vCPU of its VM on: proof (kcore/vcpu/psci.c, vcpu_turn_on) *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts Exposed.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Structure_Facts Structure_Steps Steps Prims Cpu_Facts Page_Spec
  Page_Facts
  Own_Facts Seat_Facts Vm_Spec Vm_Facts Vcpu_Spec Vcpu_Facts Vcpu_Proof Local_Prims Section.
From Redoubt.cpu Require Import Word_Spec Ctx_Spec Trap_Spec Trap_Facts Left_Kept Serve_Kept Guest_Abort_Proof Psci_Spec.
From Redoubt.gen Require Import vcpu_psci.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  (** New content of a context says nothing of tables. *)
  Lemma sec_context fz L w w' p : sec B fz L w -> cs B w' -> touched p w w' -> kind (state w p) = PG_CTX -> sec B fz L w'.
  Proof.
    intros S C T K. pose proof (cs_inv B _ (s_cs _ _ _ _ S)) as I.
    destruct (touched_evolves B HB p w w' I T) as [_ Em Et Er Ew El]. apply (sec_frame B w w'); [|exact C|exact S]. constructor.
    - intros d ix _. rewrite (to_mem p w w' T). reflexivity.
    - intros q _. exact (touched_state p w w' q T).
    - intros q _. exact (touched_state p w w' q T).
    - intros q i _ R Kq. unfold word. rewrite Er; [reflexivity| |assumption..]. intros <-. pg; lia.
    - split; [intros h l fn t N; apply Ew, N|intros k h fn q N; apply El, N].
  Qed.

  (** The context of a vCPU that is off is nobody's for now. *)
  Lemma off_context L w h t : sec B unfrozen L w -> vcpu_made w h t -> protected w h -> ~ vcpu_on w h t ->
    context B w (vcpu_ctx w h t) /\ kind (state w (vcpu_ctx w h t)) = PG_CTX.
  Proof.
    intros S M P N. pose proof (s_vcpus _ _ _ _ S) as U. destruct (u_ctx _ _ U h t M P) as [R St].
    destruct (ctx_state w _ h (proj1 M) St) as [K _]. pose proof (cs_inv B _ (s_cs _ _ _ _ S)) as I. split; [|exact K].
    constructor; [exact R|exact K|apply unused with B; [exact I|pg; lia..]|].
    apply context_unused with B; [apply (s_seats B w (i_secure B w I))|pg; lia|].
    intros g j T Pg O E. destruct (u_token _ _ U g j T) as [Mg _]. destruct (u_ctx _ _ U g j Mg Pg) as [_ Sg].
    destruct (ctx_state w _ g (proj1 Mg) Sg) as [_ Hg]. destruct (ctx_state w _ h (proj1 M) St) as [_ Hh].
    rewrite E in Hg. assert (Eg : g = h) by congruence. rewrite Eg in *. rewrite (u_ctxs _ _ U h j t Mg M E) in O. exact (N O).
  Qed.

  (** Turning on a vCPU that is off touches nothing that this CPU owns. *)
  Lemma left_power w h t x : ~ vcpu_on w h t -> left_alone cpu w (write_cell B (obj "vcpus.power" [h; t]) x w).
  Proof.
    intros N. split; [|reflexivity]. intros l [(O & _)|(r & J & ->)]; cbn [write_cell w_mem].
    - change (upd (w_mem w) (obj "vcpus.power" [h; t]) x l = w_mem w l). apply upd_other. intros <-.
      destruct O as [[O _]|[[O _]|[_ [_ O]]]]; [discriminate O|discriminate O|exact (N O)].
    - change (upd (w_mem w) (obj "vcpus.power" [h; t]) x (reg cpu r []) = w_mem w (reg cpu r [])). apply upd_other. discriminate.
  Qed.

  Lemma vcpu_turn_on_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_vcpu_reset B cpu LI (F "vcpu_reset") -> spec_pg_set B cpu LI (F "pg_set") ->
    spec_vcpu_turn_on B cpu (invoke F fuel f_vcpu_turn_on).
  Proof.
    intros HL HU HR HP h i t entry context w V P Id Ht Xe Xc. ranges V. pose proof (kn_secure B _ (id_known B _ Id)) as Sw.
    enter. steps.
    eapply wp_mono; [apply wp_all, wp_left; [exact HB|lia|exact Sw|
      apply HL; [apply (id_held _ _ Id)|intros ? X; apply (i_secure _ _ (m_inv _ _ X))]]|].
    cbv beta. intros ? ? ((-> & w0 & M & -> & _ & _) & Lf). destruct (lock_sec _ w0 M) as (L & Sc). set (w1 := set_held true w0) in *.
    pose proof (s_cs _ _ _ _ Sc) as C. clear M. pose proof (left_protected cpu w w1 h i Lf V P) as P1.
    assert (Fin : forall v w2 (Q :
      option Z -> world -> Prop), in_ty U64 v -> sec B unfrozen L w2 -> left_alone cpu w w2 -> turned_on B h t entry context v w1 w2 ->
      (forall w3, left_alone cpu w w3 -> section B (turned_on B h t entry context) (Some v) w3 -> Q None w3) ->
      WP (F "spin_unlock" [0]) Q w2).
    { intros v w2 Q Xv S2 L2 D G.
      eapply wp_mono; [apply HU; [apply (s_cs _ _ _ _ S2)|exact (sec_end _ _ _ S2)|apply (i_secure _ _ (cs_inv _ _ (s_cs _ _ _ _ S2)))]|].
      cbv beta. intros r w3 (-> & ->). apply G.
      - apply (left_trans cpu w w2); [exact L2|apply left_same; reflexivity].
      - exact (section_end B (turned_on B h t entry context) v L L w1 w2 Xv Sc S2 D). }
    assert (Same : forall v, v = PSCI_ALREADY_ON /\ vcpu_on w1 h t \/ v = PSCI_INVALID -> turned_on B h t entry context v w1 w1)
      by (intros v D; right; auto).
    steps. repeat (read_locked C; steps).
    all: try (exfalso; first [contradiction|congruence|lia]).
    all: lazymatch goal with
      | |- wp _ (_ [0]) _ _ => lazymatch goal with |- context [("r", Some ?v)] => apply (Fin v w1); [unfold in_ty, modulus;
        lia|exact Sc|exact Lf| |] end;
          [apply Same; first [left; split; [reflexivity|assumption]|right; reflexivity]|intros w3 L3 D3; steps; split; assumption]
      | _ => idtac end.
    assert (Mk : vcpu_made w1 h t) by (split; [assumption|split; assumption]).
    assert (Off : ~ vcpu_on w1 h t).
    { intros O. change (wrap U32 (w_mem w1 ("vcpus.power", [h; t])) = 1) in O. contradiction. }
    destruct (off_context L w1 h t Sc Mk P1 Off) as [X Kc]. set (p := vcpu_ctx w1 h t) in *.
    assert (Sec : forall u, cs B u -> secure B u) by (intros u Cu; apply (i_secure _ _ (cs_inv _ _ Cu))).
    eapply wp_mono; [apply wp_all, wp_left; [exact HB|lia|exact (Sec _ C)|apply HR; [lia|exact Ht|exact X|exact C]]|].
    cbv beta. intros ? w2 ((-> & C2 & T2 & W2) & L2). apply (left_trans cpu w w1 w2 Lf) in L2. steps.
    assert (Ep : forall u, touched p w1 u -> wrap U64 (w_mem u ("vcpus.ctx_pfn", [h; t])) = p)
      by (intros u T; rewrite (to_mem p w1 u T); reflexivity).
    read_locked C2.
    match goal with |- context [wrap U64 (w_mem w2 ?l)] => replace (wrap U64 (w_mem w2 l)) with p by (symmetry; exact (Ep w2 T2)) end.
      steps.
    eapply wp_mono; [apply wp_all, wp_left; [exact HB|lia|exact (Sec _ C2)|
      apply (store B cpu LI HB F p 31 entry w1 w2 HP X T2 C2); lia]|].
    cbv beta. intros ? w3 ((-> & C3 & T3 & W3) & L3). apply (left_trans cpu w w2 w3 L2) in L3. steps.
    read_locked C3.
    match goal with |- context [wrap U64 (w_mem w3 ?l)] => replace (wrap U64 (w_mem w3 l)) with p by (symmetry; exact (Ep w3 T3)) end.
      steps.
    eapply wp_mono; [apply wp_all, wp_left; [exact HB|lia|exact (Sec _ C3)|
      apply (store B cpu LI HB F p 0 context w1 w3 HP X T3 C3); lia]|].
    cbv beta. intros ? w4 ((-> & C4 & T4 & W4) & L4). apply (left_trans cpu w w3 w4 L3) in L4. steps.
    assert (Off4 : ~ vcpu_on w4 h t) by (unfold vcpu_on; rewrite (to_mem p w1 w4 T4); exact Off).
    apply (write_power B cpu LI); [exact C4|right; split; [reflexivity|intros (_ & _ & O); exact (Off4 O)]|].
    intros _ C5. set (w5 := write_cell B (power_cell, [h; t]) 1 w4) in *. steps.
    assert (S4 : sec B unfrozen L w4) by exact (sec_context unfrozen L w1 w4 p Sc C4 T4 Kc).
    assert (S5 : sec B unfrozen L w5) by (apply sec_write; [exact S4|reflexivity|discriminate]).
    apply (Fin PSCI_SUCCESS w5); [unfold in_ty, modulus, PSCI_SUCCESS; lia|exact S5|
      exact (left_trans cpu w w4 w5 L4 (left_power w4 h t 1 Off4))| |intros w6 L6 D6; steps; split; assumption].
    left. split; [reflexivity|]. split; [exact Mk|]. split; [exact Off|]. split; [unfold vcpu_on, w5; rewrite percpu_mem, upd_same;
      reflexivity|].
    split; [exists w4; split; [exact T4|reflexivity]|].
    intros j J. replace (word w5 _ j) with (word w4 p j) by reflexivity. rewrite W4, W3. unfold start_word, CTX_PC.
    destruct (Z.eqb_spec j 0); [apply wrap_small, Xc|]. destruct (Z.eqb_spec j 31); [apply wrap_small, Xe|]. apply W2, J.
  Qed.
End Proofs.
