(** * Before the machine ends: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Facts Structure_Steps Structure_Vm
  Page_Spec Page_Facts Table_Facts Vm_Spec Vm_Facts Section Teardown_Spec Teardown_Facts.
From Redoubt.cpu Require Import Own_Kept Scrub_Spec.
From Redoubt.gen Require Import host_scrub.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 2 ^ 28 < Z.of_nat fuel.
  Notation LI := (mem_inv B).
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  (** A VM counts its vCPUs that are loaded, while it lives; later none is. *)
  Lemma none_loaded L w : sec B unfrozen L w ->
    (forall h, 1 <= h <= 255 -> vm_state w h = VM_FREE \/ vm_n_loaded w h = 0) -> resting w.
  Proof.
    intros S H h. pose proof (s_vcpus _ _ _ _ S) as U. destruct (live_dec w h) as [Lv|D]; [|exact (dead_unloaded B w h U D)].
    destruct (H h (proj1 Lv)) as [E|E]; [exact (free_unloaded B w h U E)|exact (count_unloaded B w h U Lv E)].
  Qed.

  Lemma vms_loaded_ok F : spec_vms_loaded B cpu (invoke F fuel f_vms_loaded).
  Proof.
    intros L w S. pose proof (s_cs _ _ _ _ S) as C. enter. steps.
    loop (fun m e w' => w' = w /\ exists h, m = 256 - h /\ 1 <= h <= 256 /\ e = [("h", Some h)] /\
      forall g, 1 <= g < h -> vm_state w g = VM_FREE \/ vm_n_loaded w g = 0) from 255.
    - lia.
    - split; [reflexivity|]. exists 1. split; [lia|]. split; [lia|]. split; [reflexivity|]. intros; lia.
    - intros m e w' M (-> & h & -> & Hh & -> & D).
      assert (Next : vm_state w h = VM_FREE \/ vm_n_loaded w h = 0 ->
        forall g, 1 <= g < h + 1 -> vm_state w g = VM_FREE \/ vm_n_loaded w g = 0).
      { intros E g R. destruct (Z.eq_dec g h) as [->|N]; [exact E|apply D; lia]. }
      Ltac onward Next h := exists (256 - (h + 1)); split; [lia|]; split; [reflexivity|]; exists (h + 1); split; [lia|];
        split; [lia|]; split; [reflexivity|]; apply Next.
      steps.
      + read_locked C. steps.
        * onward Next h. left. assumption.
        * read_locked C. steps.
          -- split; [reflexivity|]. left. reflexivity.
          -- onward Next h. right. assumption.
      + split; [reflexivity|]. right. split; [reflexivity|]. apply (none_loaded L w S). intros g R. apply D. lia.
  Qed.

  (** The VM dies: it never runs again, and has no translations. *)
  Lemma stopping w h w0 : cs B w -> live w h ->
    interference (write_cell B ("vms.state", [h]) VM_DYING w) w0 -> let w3 := invalidate B h w0 in
    cs B w3 /\ (resting w -> resting w3) /\ forall g, live w3 g -> live w g /\ g <> h.
  Proof.
    intros [I Hd] Lv J w3. pose proof (proj1 Lv) as Rh. pose proof (dying_mem B w w0 h J) as Em.
    split; [split; [exact (torn_inv B HB w w0 h I Rh J)|]|split].
    - destruct J as (r & -> & _). exact Hd.
    - intros R g i. unfold token. change (w_mem w3) with (w_mem w0). rewrite Em, upd_name by reflexivity. apply R.
    - intros g [Rg Lg]. unfold live, vm_state in *. change (w_mem w3) with (w_mem w0) in Lg. rewrite Em in Lg.
      destruct (Z.eq_dec g h) as [->|N]; [rewrite upd_same in Lg; destruct Lg; discriminate|].
      rewrite upd_head in Lg by exact N. auto.
  Qed.

  Lemma dying_secure w h : cs B w -> 1 <= h <= 255 -> secure B (write_cell B ("vms.state", [h]) VM_DYING w).
  Proof.
    intros [I _] Rh. destruct (steer_less B w (upd (w_mem w) ("vms.state", [h]) VM_DYING) I) as [Lw Lt].
    { intros g r0 S. exact (proj1 (dying_starts B w h Rh g r0 S)). }
    split.
    - intros k g fn p T. exact (s_tlb B w (i_secure B w I) k g fn p (Lt _ _ _ _ T)).
    - intros g l fn t W. exact (s_walk B w (i_secure B w I) g l fn t (Lw _ _ _ _ W)).
    - apply (seats_same B w); [apply I|reflexivity|tauto|reflexivity|]. intros c g l fn _ W. exact (Lw _ _ _ _ W).
  Qed.

  Lemma vms_disconnect_ok F : spec_tlb_inval_raw B cpu (F "tlb_inval_vm") ->
    spec_vms_disconnect B cpu (invoke F fuel f_vms_disconnect).
  Proof.
    intros HT w C0 R0. enter. steps.
    loop (fun m e w1 => exists h, m = 256 - h /\ 1 <= h <= 256 /\ e = [("h", Some h)] /\ cs B w1 /\ resting w1 /\
      forall g, live w1 g -> h <= g) from 255.
    - lia.
    - exists 1. split; [lia|]. split; [lia|]. split; [reflexivity|]. split; [exact C0|]. split; [exact R0|].
      intros g [R _]. lia.
    - intros m e w1 M (h & -> & Hh & -> & C & R & D). to_if.
      + assert (Rh : 1 <= h <= 255) by lia.
        join (fun e' w2 => e' = [("h", Some h)] /\ cs B w2 /\ resting w2 /\ forall g, live w2 g -> h <= g /\ g <> h).
        * Ltac dies HT C R D w1 h Rh Lv := apply write_event;
            [apply (may_write_locked B); [exact C|reflexivity|reflexivity]|intros _; apply calm_locked; reflexivity|
             exact (dying_secure w1 h C Rh)|];
            intros _; set (w2 := write_cell B ("vms.state", [h]) 3 w1);
            let Hd := fresh "Hd" in assert (Hd : w_held w2 = true) by exact (cs_held B w1 C); steps;
            apply read_ret; [left; exact Hd|exact (dying_secure w1 h C Rh)|];
            steps; eapply wp_mono; [apply HT; [exact Hd|exact Rh|reflexivity|]|];
            [let J := fresh "J" in intros w3 J; apply i_secure, (stopping w1 h w3 C Lv J)|];
            cbv beta; intros ? w4 ((w3 & J & ->) & ->); steps;
            destruct (stopping w1 h w3 C Lv J) as (C4 & R4 & D4); split; [reflexivity|]; split; [exact C4|];
            split; [exact (R4 R)|]; intros g Lg; destruct (D4 g Lg) as [Lg' N]; split; [exact (D g Lg')|exact N].
          steps. read_locked C. steps; [|read_locked C; steps].
          -- assert (Lv : live w1 h) by (split; [exact Rh|left; assumption]). dies HT C R D w1 h Rh Lv.
          -- assert (Lv : live w1 h) by (split; [exact Rh|right; assumption]). dies HT C R D w1 h Rh Lv.
          -- split; [reflexivity|]. split; [exact C|]. split; [exact R|]. intros g Lg. split; [exact (D g Lg)|].
             intros ->. destruct Lg as [_ [X|X]]; contradiction.
        * intros e' w2 (-> & C2 & R2 & D2). steps. exists (256 - (h + 1)). split; [lia|]. exists (h + 1). split; [lia|]. split; [lia|].
          split; [reflexivity|]. split; [exact C2|]. split; [exact R2|]. intros g Lg. destruct (D2 g Lg). lia.
      + split; [reflexivity|]. split; [exact C|exact R|]. intros g Lg. pose proof (D g Lg). destruct Lg as [X _]. lia.
  Qed.

  (** Nobody gets at a VM's page any more. *)
  Lemma stopped_page w p : stopped B w -> is_ram B p ->
    kind (state w p) = PG_VM \/ kind (state w p) = PG_VMCORE \/ kind (state w p) = PG_CTX ->
    isolated w p /\ ~ in_use w p.
  Proof.
    intros [[I _] R D] Rp Kp. pose proof (i_secure B w I) as S. split; [split|].
    - intros (h & k & fn & T). destruct (Z.eq_dec h 0) as [->|N]; [|exact (proj2 (i_dead B w I h N (D h)) _ _ _ T)].
      pose proof (s_tlb B w S _ _ _ _ T) as A. unfold allowed in A. cbn in A. destruct A as [_ [[_ A]|A]]; [pg; lia|].
      exact (bo_dev B HB p A Rp).
    - intros (h & l & fn & W). destruct (Z.eq_dec h 0) as [->|N]; [|exact (proj1 (i_dead B w I h N (D h)) _ _ _ W)].
      pose proof (s_walk B w S _ _ _ _ W) as [_ A]. cbn in A. pg; lia.
    - intros [(c & Rc & ->)|(h & i & T & _)]; [|exact (T (R h i))]. destruct (st_host B w (s_seats B w S) c Rc) as (_ & Kc). pg; lia.
  Qed.

  Lemma wiped w p : stopped B w -> is_ram B p -> isolated w p -> kind (state w p) <> PG_CORE ->
    stopped B (zero_page B p w) /\ (forall q, clean w q -> clean (zero_page B p w) q) /\ clean (zero_page B p w) p.
  Proof.
    intros [[I Hd] R D] Rp Is K. split; [|split].
    - split; [split; [apply inv_zero; assumption|exact Hd]|exact R|exact D].
    - intros q C h O i Hi. specialize (C h O i Hi). unfold word in *. cbn [zero_page settle set_ram w_ram]. unfold store_page.
      destruct (q =? p); [reflexivity|exact C].
    - intros h _ i _. unfold word. cbn [zero_page settle set_ram w_ram]. unfold store_page. rewrite Z.eqb_refl. reflexivity.
  Qed.

  (** Kinds of pages that are a VM's. *)
  Lemma others_clean w p : kind (state w p) <> PG_VM -> kind (state w p) <> PG_VMCORE -> kind (state w p) <> PG_CTX -> clean w p.
  Proof.
    intros N1 N2 N3 h O. exfalso. unfold owner_of in O. destruct (Z.eqb_spec (kind (state w p)) PG_CORE); [discriminate O|].
    destruct (Z.eqb_spec (kind (state w p)) PG_VM); [contradiction|]. destruct (Z.eqb_spec (kind (state w p)) PG_VMCORE); [contradiction|].
    destruct (Z.eqb_spec (kind (state w p)) PG_CTX); [contradiction|]. cbn [orb] in O.
    destruct ((kind (state w p) =? PG_HOST) || (kind (state w p) =? PG_PINNED) || (kind (state w p) =? PG_LENT)); discriminate O.
  Qed.

  Lemma region_scrub_ok F : spec_meta_get B cpu LI (F "meta_get") -> unary K kind (F "word_kind") ->
    spec_page_zero B cpu LI (F "page_zero") -> spec_region_scrub B cpu (invoke F fuel f_region_scrub).
  Proof.
    intros HM HK HZ i w Hi St. pose proof (so_cs _ _ St) as C. destruct (bo_region B HB i Hi) as (G0 & G1 & G2 & _).
    pose proof (bo_n B HB) as Bn. change (2 ^ 28) with 268435456 in *.
    enter. steps. read_locked C. rewrite (k_base B w (i_constants B w (cs_inv B w C)) i Hi). steps.
    read_locked C. rewrite (k_base B w (i_constants B w (cs_inv B w C)) i Hi). steps.
    read_locked C. rewrite (k_size B w (i_constants B w (cs_inv B w C)) i Hi). steps.
    loop (fun m e w1 => exists n ow ok, m = b_size B i - n /\ 0 <= n <= b_size B i /\
      e = [("r", Some i); ("pfn", Some (b_base B i + n)); ("end", Some (b_base B i + b_size B i)); ("w", ow); ("kind", ok)] /\
      stopped B w1 /\ (forall p, clean w p -> clean w1 p) /\ forall p, b_base B i <= p < b_base B i + n -> clean w1 p)
      from (b_size B i).
    - lia.
    - exists 0, None, None. split; [lia|]. split; [lia|]. split; [rewrite Z.add_0_r; reflexivity|]. split; [exact St|].
      split; [auto|]. intros p R. lia.
    - intros m e w1 M (n & ow & ok & -> & Hn & -> & S1 & K1 & D1). pose proof (so_cs _ _ S1) as C1. to_if.
      + set (p := b_base B i + n) in *. assert (Rp : is_ram B p) by (exists i; lia). steps.
        eapply wp_mono; [apply HM; [exact C1|exact Rp]|]. cbv beta. intros ? ? (-> & ->). reduce. steps. pure HK.
        join (fun e' w2 => e' = [("r", Some i); ("pfn", Some p); ("end", Some (b_base B i + b_size B i));
            ("w", Some (state w1 p)); ("kind", Some (kind (state w1 p)))] /\
          stopped B w2 /\ (forall q, clean w1 q -> clean w2 q) /\ clean w2 p).
        * steps.
          -- assert (Kp : kind (state w1 p) = PG_VM \/ kind (state w1 p) = PG_VMCORE \/ kind (state w1 p) = PG_CTX) by (pg; lia).
             destruct (stopped_page w1 p S1 Rp Kp) as [Is Nu]. assert (Nc : kind (state w1 p) <> PG_CORE) by (pg; lia).
             eapply wp_mono; [apply HZ; [exact C1|exact Rp|exact Is|exact Nc|exact Nu]|]. cbv beta. intros r w2 (-> & _).
             split; [reflexivity|]. exact (wiped w1 p S1 Rp Is Nc).
          -- split; [reflexivity|]. split; [exact S1|]. split; [auto|]. apply others_clean; pg; lia.
        * intros e' w2 (-> & S2 & K2 & D2). steps. exists (b_size B i - (n + 1)). split; [lia|].
          exists (n + 1), (Some (state w1 p)), (Some (kind (state w1 p))). split; [lia|]. split; [lia|].
          split; [unfold p; rewrite Z.add_assoc; reflexivity|]. split; [exact S2|]. split; [auto|].
          intros q Rq. destruct (Z.eq_dec q p) as [->|N]; [exact D2|]. apply K2, D1. lia.
      + assert (n = b_size B i) as -> by lia. split; [reflexivity|]. split; [exact S1|]. split; [exact K1|exact D1].
  Qed.

  Lemma scrub_all_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_vms_loaded B cpu (F "vms_loaded") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_vms_disconnect B cpu (F "vms_disconnect") ->
    spec_region_scrub B cpu (F "region_scrub") -> spec_scrub_all B cpu (invoke F fuel f_scrub_all).
  Proof.
    intros HL HV HU HD HR w Hi. pose proof (bo_n B HB) as Bn. enter. steps. lock_kept HL Hi Sc L C w1 Ow.
    eapply wp_mono; [apply (HV L w1 Sc)|]. cbv beta. intros ? ? (-> & [->|[-> R]]); reduce; steps.
    - unlock HU Sc. left. split; [reflexivity|]. split; [apply own_kept_held, Ow|apply idle_unlock, C].
    - eapply wp_mono; [apply (HD w1 C R)|]. cbv beta. intros ? w2 (-> & S2). reduce. steps.
      loop (fun m e w3 => exists n, m = b_n B - n /\ 0 <= n <= b_n B /\ e = [("r", Some n); ("loaded", Some 0)] /\ stopped B w3 /\
        forall i p, 0 <= i < n -> b_base B i <= p < b_base B i + b_size B i -> clean w3 p) from (b_n B).
      + lia.
      + exists 0. split; [lia|]. split; [lia|]. split; [reflexivity|]. split; [exact S2|]. intros; lia.
      + intros m e w3 M (n & -> & Hn & -> & S3 & D). pose proof (so_cs _ _ S3) as C3. steps.
        read_locked C3. rewrite (k_n B w3 (i_constants B w3 (cs_inv B w3 C3))). steps.
        * eapply wp_mono; [apply (HR n w3); [lia|exact S3]|]. cbv beta. intros ? w4 (-> & S4 & K4 & D4). reduce. steps.
          exists (b_n B - (n + 1)). split; [lia|]. exists (n + 1). split; [lia|]. split; [lia|]. split; [reflexivity|]. split; [exact S4|].
          intros i p Ri Rp. destruct (Z.eq_dec i n) as [->|N]; [exact (D4 p Rp)|]. apply K4, (D i p); [lia|exact Rp].
        * right. split; [reflexivity|]. split; [exact S3|]. intros p h i (j & Rj & Rp) O Ri.
          apply (D j p) with (h := h); [lia|exact Rp|exact O|exact Ri].
  Qed.
End Proofs.
