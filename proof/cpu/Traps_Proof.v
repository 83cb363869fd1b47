(** * KCore on the machine, every entry: proof *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.mm Require Import Structure.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Prims Local_Prims Cpu_Facts Page_Spec Vm_Spec Vm_Facts Interleave
  Machine_Proof Verified.
From Redoubt.cpu Require Import Word_Spec Prims Reg_Spec Ctx_Spec Ctx_Facts Vgic_Spec Trap_Spec Trap_Facts Run_Spec Rest_Spec
  Serve_Keeps Run_Exit_Proof Kserv_Facts Kserv_Enter Host_Facts Trap_Proof Traps.
From Redoubt.gen Require Import Program.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variable B : board.
  Variable c : Z.
  Notation WP := (wp (kcore_all B c (mem_inv B))).

  (** ** What happens outside KCore, and what the vectors save *)
  Lemma rests_reg x w : changeable (in_guest c w) (fst (fst x)) = true -> rests c w -> rests c (set_reg c x w).
  Proof.
    destruct x as [[r ix] v]. cbn [fst].
    assert (A : forall d jx, String.prefix "reg." d = false -> w_mem (set_reg c (r, ix, v) w) (d, jx) = w_mem w (d, jx))
      by (intros d jx P; apply reg_apart, P).
    intros Ch [R O Rd Sd].
    assert (Vm : loaded_vm c (set_reg c (r, ix, v) w) = loaded_vm c w) by (unfold loaded_vm; rewrite A; reflexivity).
    assert (Vc : loaded_vcpu c (set_reg c (r, ix, v) w) = loaded_vcpu c w) by (unfold loaded_vcpu; rewrite A; reflexivity).
    assert (Tk : forall h i, token (set_reg c (r, ix, v) w) h i = token w h i) by (intros; unfold token; rewrite A; reflexivity).
    assert (On : forall h i, vcpu_on (set_reg c (r, ix, v) w) h i <-> vcpu_on w h i)
      by (intros; unfold vcpu_on; rewrite A by reflexivity; reflexivity).
    assert (O' : own_ok c (set_reg c (r, ix, v) w)) by (unfold own_ok; rewrite Vm, Vc, Tk; exact O).
    constructor; [exact R|exact O'| |].
    - unfold ready, vm_root. rewrite Vm, Vc, !A, On by reflexivity. exact Rd.
    - destruct Sd as [H|G]; [left; unfold serves_host, cur_ctx, host_ctx, in_guest in *; rewrite !A by reflexivity; exact H|right].
      assert (Rg : forall q, existsb (String.eqb q) (el1_registers) = false -> q <> "pmu" \/ in_guest c w <> 0 ->
        reg_of (set_reg c (r, ix, v) w) c q [] = reg_of w c q []).
      { intros q N P. unfold reg_of. cbn [set_reg w_mem fst snd]. rewrite upd_other; [reflexivity|]. unfold reg. intros E.
        injection E as E _. subst r. unfold changeable in Ch. rewrite N in Ch. cbn [orb] in Ch.
        apply andb_prop in Ch as [C1 C2]. apply String.eqb_eq in C2. destruct P; [contradiction|lia]. }
      pose proof (ag_in _ _ G) as Ig. destruct G as [G1 G2 G3 G4 G5 G6 G7]. constructor; rewrite ?Vm, ?Vc, ?On; auto.
      + unfold lr_fit, n_lr in *. rewrite A by reflexivity. rewrite Rg; [exact G6|reflexivity|left; discriminate].
      + rewrite Rg; [exact G7|reflexivity|right; lia].
  Qed.

  Lemma registers_ok l p Q : forall w, rests c w -> idle B w ->
    (forall x, In x l -> changeable (in_guest c w) (fst (fst x)) = true) ->
    (forall w', rests c w' -> idle B w' -> in_guest c w' = in_guest c w -> cur_ctx c w' = cur_ctx c w -> kserv_of c w' = kserv_of c w ->
      w' = set_regs c l w -> WP p Q w') ->
    WP (registers c l p) Q w.
  Proof.
    induction l as [|x l IH]; intros w R I Ch H; [apply H; auto|]. cbn [registers fold_right].
    pose proof (kn_secure B w (id_known B w I)) as S. set (n := fst (fst x)) in *.
    apply own_write; [apply reg_class|apply reg_own|reflexivity|left; reflexivity|exact S|]. intros _.
    match goal with |- wp _ _ _ ?y => replace y with (set_reg c x w) by (symmetry; apply (set_reg_write B)) end.
    assert (E1 : in_guest c (set_reg c x w) = in_guest c w).
    { unfold in_guest. cbn [set_reg w_mem fst snd]. rewrite reg_apart by reflexivity. reflexivity. }
    assert (E2 : cur_ctx c (set_reg c x w) = cur_ctx c w).
    { unfold cur_ctx. cbn [set_reg w_mem fst snd]. rewrite reg_apart by reflexivity. reflexivity. }
    assert (E0 : kserv_of c (set_reg c x w) = kserv_of c w).
    { apply kserv_same; try reflexivity. unfold reg_of. f_equal. cbn [set_reg w_mem]. apply upd_other. intros E. unfold reg in E.
      injection E as E _. specialize (Ch x (or_introl eq_refl)). rewrite E in Ch. unfold changeable in Ch. cbn in Ch.
      rewrite andb_false_r in Ch. discriminate Ch. }
    apply IH.
    - apply rests_reg; [apply Ch; left; reflexivity|exact R].
    - rewrite set_reg_write with (B := B). apply idle_percpu; [apply reg_class|exact I].
    - intros y J. rewrite E1. apply Ch. right. exact J.
    - intros w' R' I' E3 E4 E5 E6. apply H; try congruence. exact E6.
  Qed.

  Lemma rests_ram w r : rests c w -> rests c (set_ram r w).
  Proof.
    intros [R O Rd Sd]. constructor; [exact R|exact O|exact Rd|]. destruct Sd as [H|[A1 A2 A3 A4 A5 A6 A7]]; [left; exact H|right].
    constructor; [exact A1|exact A2|exact A3|exact A4|exact A5|exact A6|exact A7].
  Qed.
  Lemma save_ok ctx x p Q w : rests c w -> idle B w -> ctx = cur_ctx c w ->
    (forall w', rests c w' -> idle B w' -> in_guest c w' = in_guest c w -> (ctx <> host_ctx w c -> kserv_of c w' = kserv_of c w) ->
      w_mem w' = w_mem w -> (forall j, w_ram w' ctx j = if (0 <=? j) && (j <? 31) then x j else w_ram w ctx j) ->
      WP p Q w') -> WP (save c ctx x p) Q w.
  Proof.
    intros R I E H. unfold save.
    assert (L : forall n, In n (List.map Z.of_nat (seq 0 31)) -> 0 <= n < 31).
    { intros n J. apply in_map_iff in J as (k & <- & J). apply in_seq in J. lia. }
    assert (H' : forall w', rests c w' -> idle B w' -> in_guest c w' = in_guest c w -> (ctx <> host_ctx w c -> kserv_of c w' =
      kserv_of c w) ->
      w_mem w' = w_mem w ->
      (forall j, w_ram w' ctx j = if existsb (Z.eqb j) (List.map Z.of_nat (seq 0 31)) then x j else w_ram w ctx j) -> WP p Q w').
    { intros w' R' I' Ig Ks Me Rm. apply H; auto. intros j. rewrite (Rm j).
      replace (existsb (Z.eqb j) _) with ((0 <=? j) && (j <? 31)); [reflexivity|]. apply eq_true_iff_eq. rewrite existsb_exists. split.
      - intros J. exists j. split; [apply in_map_iff; exists (Z.to_nat j); split; [lia|apply in_seq; lia]|apply Z.eqb_refl].
      - intros (k & J & Ek). apply L in J. lia. }
    clear H. rename H' into H. revert w R I E L H. generalize (List.map Z.of_nat (seq 0 31)). intros l.
    induction l as [|n l IH]; intros w R I E L H; [apply H; auto|]. cbn [fold_right].
    pose proof (kn_secure B w (id_known B w I)) as S. pose proof (rests_ctx c w R) as O.
    assert (Lc : local (ECall "pg_set" [ctx; n; x n]) w = true) by (cbn; rewrite (id_held B w I); reflexivity).
    apply wp_event.
    - cbn [pre kcore_all contract_of]. split; [discriminate|]. rewrite Lc. cbn. split; [left; rewrite E; exact O|].
      split; [specialize (L n (or_introl eq_refl)); lia|]. rewrite E. apply told_ctx with (B := B); [exact S|apply R|exact O|reflexivity].
    - intros v w' A. cbn [act kcore_all contract_of] in A. rewrite Lc in A. cbn in A. subst w'.
      apply IH; [apply rests_ram, R|apply idle_ram, I|exact E|intros m J; apply L; right; exact J|].
      intros w' R' I' Ig Ks Me Rm. apply H; [exact R'|exact I'|exact Ig| |exact Me|].
      + intros N. rewrite Ks by exact N. apply kserv_same; try reflexivity.
        intros j. cbn. unfold store_word. rewrite (proj2 (Z.eqb_neq _ _)) by congruence. reflexivity.
      + intros j. rewrite (Rm j). cbn [existsb set_ram w_ram]. unfold store_word. rewrite Z.eqb_refl. cbn [andb].
        destruct (Z.eqb_spec j n) as [->|]; cbn [orb]; [|reflexivity]. destruct (existsb _ _); reflexivity.
  Qed.

  (** KServ's own state when it has trapped: registers that the trap and it have written, x0 to x30 in its page. *)
  Definition arrived (regs : list (ident * list Z * Z)) (x : Z -> Z) (w : world) : world :=
    set_ram (fun p j => if (p =? host_ctx w c) && ((0 <=? j) && (j <? 31)) then x j else w_ram w p j)
      (set_regs c (filter (fun r => changeable 0 (fst (fst r))) regs) w).

  (** The vCPU's page of registers is not KServ's. *)
  Lemma guest_apart w : rests c w -> idle B w -> at_guest c w -> cur_ctx c w <> host_ctx w c.
  Proof.
    intros R I A. destruct (ag_own _ _ A (ag_vm _ _ A)) as (_ & _ & T). pose proof (rs_cpu _ _ R) as Hc.
    destruct (host_apart B c w (kn_secure B w (id_known B w I)) Hc (loaded_vm c w) (loaded_vcpu c w)) as [_ N]; [lia|].
    rewrite (ag_ctx _ _ A). congruence.
  Qed.
  Lemma guest_still w w' : at_guest c w -> rests c w' -> in_guest c w' = in_guest c w -> at_guest c w'.
  Proof. intros A R E. destruct (rs_side _ _ R) as [[_ H]|H]; [|exact H]. pose proof (ag_in _ _ A). exfalso; lia. Qed.

  Lemma arrive_ok regs x p Q w : rests c w -> idle B w ->
    (forall w', rests c w' -> idle B w' -> (at_guest c w -> at_guest c w' /\ kserv_of c w' = kserv_of c w) ->
      (serves_host c w -> serves_host c w' /\ forall y, own_state c w' y -> own_state c (arrived regs x w) y) -> WP p Q w') ->
    WP (arrive c regs x p) Q w.
  Proof.
    intros R I H. pose proof (kn_secure B w (id_known B w I)) as S. unfold arrive.
    apply read_cell with (t := U32) (k := fun g => registers c (filter (fun x => changeable g (fst (fst x))) regs)
      (Ev (ERead (obj "pcpu.cur_ctx" [c])) (fun v => save c (wrap U64 v) x p))); [reflexivity|exact S|].
    change (wrap U32 (w_mem w (obj "pcpu.in_guest" [c]))) with (in_guest c w).
    apply registers_ok; [exact R|exact I|intros y J; apply filter_In in J; apply J|]. intros w' R' I' Eg Ec Ek Ew.
    apply read_cell with (t := U64) (k := fun ctx => save c ctx x p); [reflexivity|apply (kn_secure B w'), I'|].
    apply save_ok; [exact R'|exact I'|reflexivity|]. intros w2 R2 I2 Eg2 Ek2 Me Rm. apply H; [exact R2|exact I2| |].
    - intros A. pose proof (guest_still w w' A R' Eg) as A'. split; [apply (guest_still w w2 A R2); congruence|].
      rewrite <- Ek. apply Ek2. exact (guest_apart w' R' I' A').
    - intros [Hs Z0]. rewrite Z0 in Ew.
      assert (Eh : host_ctx w' c = host_ctx w c).
      { rewrite Ew. unfold host_ctx. rewrite set_regs_cell by reflexivity. reflexivity. }
      assert (Hm : forall l, w_mem w2 l = w_mem w' l) by (intros l; rewrite Me; reflexivity).
      split.
      { split; [unfold cur_ctx, host_ctx in *; rewrite !Hm; congruence|unfold in_guest in *; rewrite Hm; congruence]. }
      assert (Ea : host_ctx (arrived regs x w) c = host_ctx w c).
      { unfold arrived, host_ctx. cbn [w_mem set_ram]. rewrite set_regs_cell by reflexivity. reflexivity. }
      change (forall j, w_ram w2 (cur_ctx c w') j = if (0 <=? j) && (j <? 31) then x j else w_ram w' (cur_ctx c w') j) in Rm.
      rewrite Ec, Hs in Rm.
      assert (Rw : w_ram w' = w_ram w) by (rewrite Ew; apply set_regs_keep with (B := B); [intros l v u Pc _ Y; rewrite
        percpu_write by exact Pc; exact Y|reflexivity]).
      intros y. apply own_state_as.
      + rewrite Ea. unfold host_ctx in *. rewrite Hm. congruence.
      + intros j. rewrite Ea. unfold word. f_equal. rewrite (Rm j), Rw. unfold arrived. cbn [w_ram set_ram]. rewrite Z.eqb_refl.
        reflexivity.
      + intros r ix. unfold reg_of, arrived. cbn [w_mem set_ram]. rewrite Hm, Ew. reflexivity.
      + unfold arrived. cbn [w_mem set_ram]. rewrite Hm, Ew. reflexivity.
      + unfold arrived. cbn [w_mem set_ram]. rewrite Hm, Ew. reflexivity.
  Qed.

  (** ** A life *)
  Hypothesis start_meets : spec_cpu_start B c (denote fuel prims program "cpu_start").
  Hypothesis trap_meets : spec_trap B c (denote fuel prims program "trap").

  Lemma entry_keeps e w : 0 <= c < 8 -> entry_ok e -> idle B w -> e = Power_on \/ rests c w ->
    WP (enters c e) (fun _ w' => idle B w' /\ rests c w') w.
  Proof.
    intros Hc A I R. destruct e as [|k regs x]; cbn [enters].
    - eapply wp_mono; [apply start_meets; assumption|]. cbv beta. intros r w' (_ & I' & R' & _). auto.
    - destruct R as [E|R]; [discriminate E|]. apply arrive_ok; [exact R|exact I|]. intros w' R' I' _ _.
      eapply wp_mono; [apply trap_meets; assumption|]. cbv beta. intros r w2 (_ & I2 & R2 & _). auto.
  Qed.
  (** A trap of a guest, the vectors included. *)
  Lemma guest_keeps k regs x w : 0 <= k < 3 -> idle B w -> rests c w -> at_guest c w ->
    WP (enters c (Trapped k regs x)) (fun _ w' => (idle B w' /\ rests c w') /\ guest_or_kserv c w w') w.
  Proof.
    intros Rk I R A. cbn [enters]. apply arrive_ok; [exact R|exact I|]. intros w' R' I' Ks _. destruct (Ks A) as [A' E].
    eapply wp_mono; [apply trap_meets; assumption|]. cbv beta. intros r w2 (_ & I2 & R2 & G & _). split; [auto|].
    specialize (G A'). unfold guest_or_kserv in *. rewrite E in G. exact G.
  Qed.
  (** A trap of KServ's. *)
  Lemma kserv_keeps k regs x w : 0 <= k < 3 -> idle B w -> rests c w -> serves_host c w ->
    WP (enters c (Trapped k regs x)) (fun _ w' => (idle B w' /\ rests c w') /\
      (at_guest c w' -> own_state c (arrived regs x w) (kserv_of c w'))) w.
  Proof.
    intros Rk I R A. cbn [enters]. apply arrive_ok; [exact R|exact I|]. intros w' R' I' _ Ks. destruct (Ks A) as [A' E].
    eapply wp_mono; [apply trap_meets; assumption|]. cbv beta. intros r w2 (_ & I2 & R2 & _ & G). split; [auto|].
    intros Ag. apply E. exact (G A' Ag).
  Qed.
  Lemma entries_ok l w : 0 <= c < 8 -> Forall entry_ok l -> idle B w -> rests c w -> WP (entries c l) finished w.
  Proof.
    intros Hc A. revert w. induction A as [|e l A _ IH]; intros w I R; cbn [entries]; [exact Logic.I|].
    apply wp_bind. eapply wp_mono; [apply entry_keeps; auto|]. cbv beta. intros _ w' [I' R']. apply IH; assumption.
  Qed.
  Lemma life_ok l w : 0 <= c < 8 -> Forall entry_ok l -> idle B w -> WP (life c l) finished w.
  Proof.
    intros Hc A I. unfold life. destruct l as [|e l]; [exact Logic.I|]. cbn [entries]. apply wp_bind.
    eapply wp_mono; [apply entry_keeps; [exact Hc|exact Logic.I|exact I|left; reflexivity]|]. cbv beta. intros _ w' [I' R'].
    exact (entries_ok (e :: l) w' Hc A I' R').
  Qed.
End Proofs.
