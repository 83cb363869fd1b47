(** * Loading a vCPU on a CPU and putting it back: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Vm_Spec Vm_Facts Section Loaded Load_Spec Token_Facts Seat_Facts Cpu_Facts Local_Prims.
From Redoubt.gen Require Import vm_vcpu.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation LI := (mem_inv B).
  Notation K := (kcore_all B cpu (mem_inv B)).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  (** This CPU's entry of [pcpu] says which vCPU it has. *)
  Lemma write_tied {A} c x (k : Z -> prog A) (Q : A -> world -> Prop) w : cs B w -> class_of c = Percpu ->
    steers_walks c = false -> (own_ok cpu w -> own_ok cpu (set_mem (upd (w_mem w) (c, [cpu]) x) w)) ->
    (forall v, cs B (write_cell B (c, [cpu]) x w) -> WP (k v) Q (write_cell B (c, [cpu]) x w)) ->
    WP (Ev (EWrite (c, [cpu]) x) k) Q w.
  Proof.
    intros C E S O H. assert (I1 : inv B (write_cell B (c, [cpu]) x w)).
    { apply inv_write_cell; [rewrite E; discriminate|exact S| |apply C]. apply seats_write; [apply percpu_seat, E|apply C]. }
    apply write_event; [split; [auto|cbn [fst snd]; rewrite E; reflexivity]|discriminate|apply (i_secure B _ I1)|].
    intros v. apply H. split; [exact I1|]. unfold write_cell; cbn [fst]. rewrite S. apply C.
  Qed.

  (** What the CPU owns stays so when it takes the lock, and its own when it gives the token or takes it. *)
  Ltac lock_owned HL Hi S L C w1 Ow := eapply wp_mono;
    [apply HL; [apply (id_held _ _ Hi)|intros ? X; apply (i_secure _ _ (m_inv _ _ X))]|];
    let M := fresh "M" in let w0 := fresh "w0" in let O := fresh "O" in let P := fresh "P" in
    cbv beta; intros ? ? (-> & w0 & M & -> & O & P); steps;
    destruct (lock_sec _ w0 M) as (L & S); set (w1 := set_held true w0) in *;
    lazymatch type of O with forall l, owns ?c ?w l -> _ => assert (Ow : owned c w w1) by exact (conj O P) end; clear O P;
    pose proof (s_cs _ _ _ _ S) as C; clear M.
  Lemma owned_vm c w w1 : owned c w w1 -> loaded_vm c w1 = loaded_vm c w.
  Proof. intros [O _]. unfold loaded_vm. rewrite O by reflexivity. reflexivity. Qed.
  Lemma own_but_owned c cells w w1 : owned c w w1 -> own_but c cells w w1.
  Proof.
    intros [O P]. constructor.
    - intros d ix E H _. apply O. unfold owns. cbn [fst]. rewrite E. exact H.
    - intros l E. apply O. unfold owns. rewrite E. exact I.
    - intros R i. apply P. left. auto.
  Qed.
  Lemma own_but_held c cells w w1 b : own_but c cells w w1 -> own_but c cells w (set_held b w1).
  Proof. intros [H1 H2 H3]. constructor; assumption. Qed.
  Lemma own_but_write c cells w w1 l x : class_of (fst l) <> Constant -> class_of (fst l) <> Percpu \/
    existsb (String.eqb (fst l)) cells = true -> own_but c cells w w1 -> own_but c cells w (write_cell B l x w1).
  Proof.
    intros N Pc [H1 H2 H3]. constructor; [intros d ix E H X|intros l' E|]; rewrite ?percpu_mem, ?upd_other; auto.
    - intros ->. cbn [fst] in Pc. destruct Pc as [Pc|Pc]; congruence.
    - intros ->. contradiction.
    - intros R i. rewrite <- H3 by exact R. unfold write_cell. destruct (steers_walks (fst l)); reflexivity.
  Qed.
  Lemma own_but_locked c cells w w1 l x : class_of (fst l) = Locked -> own_but c cells w w1 -> own_but c cells w (write_cell B l x w1).
  Proof. intros E. apply own_but_write; [congruence|left; congruence]. Qed.
  Lemma own_but_percpu c cells w w1 d ix x : class_of d = Percpu -> existsb (String.eqb d) cells = true ->
    own_but c cells w w1 -> own_but c cells w (write_cell B (d, ix) x w1).
  Proof. intros E J. apply own_but_write; cbn [fst]; [congruence|right; exact J]. Qed.

  Ltac answer := split; [reflexivity|]; eexists; sp; [reflexivity|range|]; unfold KC_OK; try discriminate.

  Lemma load_check_ok F : spec_vm_check_live B cpu (F "vm_check_live") ->
    spec_load_check B cpu (invoke F fuel f_load_check).
  Proof.
    intros HC L h i w Hc Hh Hi S. pose proof (s_cs _ _ _ _ S) as C. enter. steps.
    ask HC v Hv. destruct Hv as [Uv Hv]. steps.
    - split; [reflexivity|]. exists v. sp; [reflexivity|exact Uv|]. intros X. contradiction.
    - pose proof (checked_live B unfrozen L w h S (Hv ltac:(assumption))) as Lv. pose proof (proj1 Lv) as Rh.
      read_locked C. steps; [answer|]. read_locked C.
      change (wrap U32 (w_mem w ("vcpus.loaded", [h; i]))) with (token w h i). steps.
      + answer.
      + apply read_ret; [split; reflexivity|apply cs_secure, C|].
        change (wrap U32 (w_mem w ("pcpu.vm", [cpu]))) with (loaded_vm cpu w). steps; [answer|].
        answer. intros _. split; [|split]; [|assumption..]. split; [exact Rh|]. split; [exact Hi|]. assumption.
  Qed.

  Lemma vcpu_load_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_load_check B cpu (F "load_check") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_vcpu_load B cpu (invoke F fuel f_vcpu_load).
  Proof.
    intros HL HC HU h i w Hc Hh Hi Id. enter. steps.
    - split; [left; unfold KC_ENOENT; sp; auto; lia|right]. split; [discriminate|]. split; reflexivity.
    - lock_owned HL Id Sc L C w1 Ow. assert (Ri : 0 <= i < 16) by (unfold in_ty in Hi; lia).
      eapply wp_mono; [apply wp_all, (HC L h i w1 Hc Hh Ri Sc)|]. cbv beta. intros ? ? (-> & v & -> & Uv & Hv).
      assert (Rh0 : v = 0 -> 1 <= h <= 255) by (intros ->; apply Hv; reflexivity).
      cbv beta iota. reduce_env. steps.
      + destruct Hv as (M & T0 & V0); [assumption|]. pose proof (proj1 M) as Rh.
        pose proof (u_live _ _ (s_vcpus _ _ _ _ Sc) h i M) as Lv.
        assert (No : forall y, loaded_vm cpu y = 0 -> own_ok cpu y) by (intros y Ey Ny; contradiction). steps.
        apply (write_loaded B cpu LI); [exact C| |discriminate| |intros _; apply No; exact V0|].
        { intros y [->| ->]; [left; exact T0|right; apply wrap_small; range]. }
        { apply seats_token; [apply C|apply Sc|exact M]. }
        wrote C2 w2. steps. read_locked C2. steps.
        match goal with |- context [EWrite ("vms.n_loaded", [h]) ?x] => set (n := x) end.
        apply (write_plain B cpu LI); [exact C2|reflexivity|]. wrote C3 w3. steps.
        apply write_tied; [exact C3|reflexivity|reflexivity|intros _; apply No; exact V0|]. wrote C4 w4. steps.
        set (y := write_cell B ("pcpu.vm", [cpu]) (wrap U32 h) w4).
        assert (Em : w_mem y = upd (upd (upd (upd (w_mem w1) (loaded_cell, [h; i]) (cpu + 1)) ("vms.n_loaded", [h]) n)
          ("pcpu.vcpu", [cpu]) (wrap U32 i)) ("pcpu.vm", [cpu]) (wrap U32 h)) by reflexivity.
        assert (Tk : forall g j, token y g j = if (g =? h) && (j =? i) then cpu + 1 else token w1 g j).
        { intros g j. unfold token. rewrite Em. unfold loaded_cell. rewrite !(upd_name _ _ _ _ "vcpus.loaded") by reflexivity.
          rewrite upd_index. cbn [zlist_eqb]. rewrite andb_true_r, (Z.eqb_sym h g), (Z.eqb_sym i j).
          destruct ((g =? h) && (j =? i)); [apply wrap_small; range|reflexivity]. }
        assert (Vm : loaded_vm cpu y = h) by (unfold loaded_vm; rewrite Em, upd_same, !wrap_small by range; reflexivity).
        assert (Vc : loaded_vcpu cpu y = i).
        { unfold loaded_vcpu. rewrite Em, upd_name, upd_same, !wrap_small by (reflexivity || range). reflexivity. }
        pose proof (n_tokens_bound w1 h) as Nb. rewrite <- (u_loaded _ _ (s_vcpus _ _ _ _ Sc) h Lv) in Nb.
        assert (Nl : forall g, vm_n_loaded y g = if g =? h then vm_n_loaded w1 h + 1 else vm_n_loaded w1 g).
        { intros g. unfold vm_n_loaded at 1. rewrite Em, !(upd_name _ _ _ _ "vms.n_loaded") by reflexivity.
          rewrite upd_index. cbn [zlist_eqb]. rewrite andb_true_r, (Z.eqb_sym h g). destruct (g =? h).
          - subst n. change (wrap U32 (w_mem w2 ("vms.n_loaded", [h]))) with (vm_n_loaded w1 h).
            rewrite !(wrap_small U32 (vm_n_loaded w1 h + 1)) by (unfold in_ty, modulus; lia). reflexivity.
          - rewrite upd_name by reflexivity. reflexivity. }
        apply write_tied; [exact C4|reflexivity|reflexivity| |].
        { intros _ _. change (set_mem _ w4) with y. rewrite Vm, Vc, Tk, !Z.eqb_refl. sp; auto; lia. }
        intros _ C5. fold y in C5 |- *. steps.
        assert (S5 : sec B unfrozen L y).
        { apply (sec_token B unfrozen L w1 y h i Sc C5 M).
          - rewrite Tk, !Z.eqb_refl. cbn [andb]. lia.
          - constructor; try reflexivity. intros g j N. rewrite Tk. destruct (Z.eqb_spec g h), (Z.eqb_spec j i); tauto.
          - intros c ix S N1 N2. rewrite Em. rewrite !upd_name; [reflexivity|apply String.eqb_neq..]; try congruence;
              intros <-; discriminate S.
          - intros g N. rewrite Nl. destruct (Z.eqb_spec g h); [contradiction|reflexivity].
          - rewrite Nl, Tk, T0, !Z.eqb_refl. unfold bit. cbn [andb]. destruct (Z.eqb_spec (cpu + 1) 0); [lia|]. cbn. lia. }
        unlock HU S5. subst v. split.
        2: { left. split; [reflexivity|]. split; [exact (eq_trans (eq_sym (owned_vm cpu w w1 Ow)) V0)|].
          split; [exact Rh|]. split; [exact Ri|]. split; [change (token y h i = cpu + 1); rewrite Tk, !Z.eqb_refl; reflexivity|].
          split; [exact Vm|]. split; [exact Vc|]. apply own_but_held.
          do 2 (apply own_but_percpu; [reflexivity|reflexivity|]). do 2 (apply own_but_locked; [reflexivity|]).
          apply own_but_owned, Ow. }
        right. apply section_done with L L w1; [exact Sc|exact S5|].
        split; [split; [exact M|split; [exact T0|exact V0]]|]. split; [|split; [exact Vm|exact Vc]].
        constructor; try reflexivity; [rewrite Tk, !Z.eqb_refl; reflexivity|].
        intros g j N. rewrite Tk. destruct (Z.eqb_spec g h), (Z.eqb_spec j i); tauto.
      + unlock HU Sc. split; [right; apply section_error with L; auto|right].
        split; [intros [= X]; contradiction|]. split; apply Ow.
  Qed.

  Lemma vcpu_put_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_vcpu_put B cpu (invoke F fuel f_vcpu_put).
  Proof.
    intros HL HU w Hc O Id. enter. steps.
    apply read_ret; [reflexivity|eapply kn_secure, id_known, Id|].
    change (wrap U32 (w_mem w ("pcpu.vm", [cpu]))) with (loaded_vm cpu w). steps.
    apply read_ret; [reflexivity|eapply kn_secure, id_known, Id|].
    change (wrap U32 (w_mem w ("pcpu.vcpu", [cpu]))) with (loaded_vcpu cpu w). steps; [left; auto|].
    destruct O as (Rh & Ri & T); [assumption|]. set (h := loaded_vm cpu w) in *. set (i := loaded_vcpu cpu w) in *.
    lock_owned HL Id Sc L C w1 Ow. pose proof (taken_token cpu w w1 (proj1 Ow) h i T) as T1.
    destruct (u_token _ _ (s_vcpus _ _ _ _ Sc) h i) as [M _]; [lia|].
    pose proof (u_live _ _ (s_vcpus _ _ _ _ Sc) h i M) as Lv.
    apply write_tied; [exact C|reflexivity|reflexivity| |].
    { intros _ N. destruct N. unfold loaded_vm. cbn [w_mem set_mem]. rewrite upd_same. reflexivity. }
    wrote C2 w2. steps.
    apply (write_loaded B cpu LI); [exact C2| |discriminate| | |].
    { intros x [->| ->]; [right; exact T1|left; reflexivity]. }
    { apply (seats_same B w2); [apply C2|reflexivity| |reflexivity|auto]. intros g j X.
      assert (N : token w2 g j <> 0).
      { intros Y. apply X. revert Y. unfold token. cbn. rewrite upd_index.
        destruct (zlist_eqb [h; i] [g; j]); [reflexivity|exact (fun Y => Y)]. }
      split; [exact N|]. split; [reflexivity|]. split; reflexivity. }
    { intros _ N. destruct N. unfold loaded_vm. cbn [w_mem set_mem]. rewrite upd_name by reflexivity.
      change (w_mem w2 ("pcpu.vm", [cpu])) with (upd (w_mem w1) ("pcpu.vm", [cpu]) 0 ("pcpu.vm", [cpu])).
      rewrite upd_same. reflexivity. }
    wrote C3 w3. steps. read_locked C3. steps.
    match goal with |- context [EWrite ("vms.n_loaded", [h]) ?x] => set (n := x) end.
    apply (write_plain B cpu LI); [exact C3|reflexivity|]. wrote C4 y. steps.
    assert (Em : w_mem y = upd (upd (upd (w_mem w1) ("pcpu.vm", [cpu]) 0) (loaded_cell, [h; i]) 0)
      ("vms.n_loaded", [h]) n) by reflexivity.
    assert (Tk : forall g j, token y g j = if (g =? h) && (j =? i) then 0 else token w1 g j).
    { intros g j. unfold token. rewrite Em. unfold loaded_cell. rewrite (upd_name _ "vms.n_loaded" _ _ "vcpus.loaded") by reflexivity.
      rewrite upd_index. cbn [zlist_eqb]. rewrite andb_true_r, (Z.eqb_sym h g), (Z.eqb_sym i j).
      destruct ((g =? h) && (j =? i)); [reflexivity|]. rewrite upd_name by reflexivity. reflexivity. }
    assert (Vm : loaded_vm cpu y = 0).
    { unfold loaded_vm. rewrite Em, !(upd_name _ _ _ _ "pcpu.vm") by reflexivity. rewrite upd_same. reflexivity. }
    assert (Nt : n_tokens y h = n_tokens w1 h - 1).
    { rewrite (n_tokens_one w1 y h i Ri), T1, Tk, !Z.eqb_refl.
      - unfold bit. destruct (Z.eqb_spec (cpu + 1) 0); [lia|]. cbn. lia.
      - intros j N. rewrite Tk. destruct (Z.eqb_spec j i); [contradiction|]. rewrite andb_false_r. reflexivity. }
    pose proof (n_tokens_bound y h) as Ny. pose proof (n_tokens_bound w1 h) as Nb.
    pose proof (u_loaded _ _ (s_vcpus _ _ _ _ Sc) h Lv) as El.
    assert (Nl : forall g, vm_n_loaded y g = if g =? h then vm_n_loaded w1 h - 1 else vm_n_loaded w1 g).
    { intros g. unfold vm_n_loaded at 1. rewrite Em. rewrite upd_index. cbn [zlist_eqb].
      rewrite andb_true_r, (Z.eqb_sym h g). destruct (g =? h).
      - subst n. change (wrap U32 (w_mem w3 ("vms.n_loaded", [h]))) with (vm_n_loaded w1 h).
        rewrite !(wrap_small U32 (vm_n_loaded w1 h - 1)) by (unfold in_ty, modulus; lia). reflexivity.
      - rewrite !upd_name by reflexivity. reflexivity. }
    assert (S4 : sec B unfrozen L y).
    { apply (sec_token B unfrozen L w1 y h i Sc C4 M).
      - rewrite Tk, !Z.eqb_refl. cbn [andb]. lia.
      - constructor; try reflexivity. intros g j N. rewrite Tk. destruct (Z.eqb_spec g h), (Z.eqb_spec j i); tauto.
      - intros c ix S N1 N2. rewrite Em. rewrite !upd_name; [reflexivity|apply String.eqb_neq..]; try congruence;
          intros <-; discriminate S.
      - intros g N. rewrite Nl. destruct (Z.eqb_spec g h); [contradiction|reflexivity].
      - rewrite Nl, Tk, T1, !Z.eqb_refl. unfold bit. cbn [andb]. destruct (Z.eqb_spec (cpu + 1) 0); [lia|]. cbn. lia. }
    unlock HU S4. right. split; [assumption|]. split.
    2: { split; [exact Vm|]. apply own_but_held. do 2 (apply own_but_locked; [reflexivity|]).
      apply own_but_percpu; [reflexivity|reflexivity|]. apply own_but_owned, Ow. }
    apply section_end with L L w1; [range|exact Sc|exact S4|].
    split; [reflexivity|]. split; [exact M|]. split; [exact T1|]. split; [|exact Vm].
    constructor; try reflexivity; [rewrite Tk, !Z.eqb_refl; reflexivity|].
    intros g j N. rewrite Tk. destruct (Z.eqb_spec g h), (Z.eqb_spec j i); tauto.
  Qed.
End Proofs.
