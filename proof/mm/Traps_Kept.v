(** * Integrity in the system with traps: who changes a private page of a VM

    A private page of VM [h] that anybody reaches stays [h]'s, at its place among [h]'s frames, and keeps its content, in
    every step: of KServ, of the other VMs, of KCore whatever it does at a trap.  The exceptions are [h]'s own: an access of
    one of its vCPUs, and a word that KCore stores on a CPU that has one of them loaded. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Exposed Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Structure Vm_Spec Cpu_Facts Interleave Interleave_Events Machine_Proof Alike
  Lockstep Integrity Traps_System Traps_Alike Traps_Public Traps_Good Traps_Related Traps_Given.
From Redoubt.machine Require System.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Frame.
  Variable B : board.

  Lemma effect_frame c e w v w' : snd (effect B (Z.of_nat c) (fun _ => True) e w) v w' -> ~ locking e ->
    (w_meta w' = w_meta w \/ exists q s, e = ECall "meta_set" [q; s] /\ w' = set_meta q s w) /\
    forall p, page_of e <> Some p -> forall i, w_ram w' p i = w_ram w p i.
  Proof.
    intros E Nl. destruct e as [l|l x|f args].
    - cbn in E. destruct E as [_ ->]. auto.
    - cbn in E. subst w'. unfold write_cell. destruct (steers_walks (fst l)); auto.
    - destruct (cpu_primitive f) eqn:Cp.
      { rewrite cpu_effect_call in E by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ E) as (d & _ & _ & ->).
        destruct (set_regs_pages (Z.of_nat c) (writes d) w) as [Em Er]. split; [left; exact Em|]. intros p _ i. rewrite Er. reflexivity. }
      cbn [effect] in E. rewrite Cp in E.
      assert (Ne : forall p q : Z, Some p <> Some q -> q <> p) by (intros; congruence).
      destruct args as [|x [|y [|z [|x4 [|x5 [|]]]]]]; try (cbn in E; contradiction).
      + destruct (String.eqb_spec f "spin_lock") as [->|]; [destruct Nl; exists "spin_lock", x; auto|].
        destruct (String.eqb_spec f "spin_unlock") as [->|]; [destruct Nl; exists "spin_unlock", x; auto|].
        destruct (String.eqb_spec f "meta_get") as [->|]; [cbn in E; destruct E as [_ ->]; auto|].
        destruct (String.eqb_spec f "page_zero") as [->|].
        { cbn in E. subst w'. split; [left; reflexivity|]. intros p N i. cbn in N |- *. unfold store_page.
          rewrite (proj2 (Z.eqb_neq p x)); [reflexivity|auto]. }
        destruct (String.eqb_spec f "page_sync") as [->|]; [cbn in E; subst w'; auto|].
        destruct (String.eqb_spec f "fp_load") as [->|]; [cbn in E; subst w'; auto|].
        destruct (String.eqb_spec f "fp_save") as [->|]; [|cbn in E; contradiction].
        cbn in E. destruct E as (r & Sv & ->). split; [left; reflexivity|]. intros p N i. cbn in N |- *. apply Sv. left. auto.
      + destruct (String.eqb_spec f "meta_set") as [->|]; [cbn in E; subst w'; split; [right; eauto|auto]|].
        destruct (String.eqb_spec f "pg_get") as [->|]; [cbn in E; destruct E as [_ ->]; auto|].
        destruct (String.eqb_spec f "pte_get") as [->|]; [cbn in E; destruct E as [_ ->]; auto|].
        destruct (String.eqb_spec f "page_copy") as [->|].
        { cbn in E. subst w'. split; [left; reflexivity|]. intros p N i. cbn in N |- *. unfold store_page.
          rewrite (proj2 (Z.eqb_neq p x)); [reflexivity|auto]. }
        destruct (String.eqb_spec f "tlb_inval_vm") as [->|]; [cbn in E; subst w'; auto|cbn in E; contradiction].
      + assert (St : page_of (ECall f [x; y; z]) = Some x -> w' = write_word B x y z w -> (w_meta w' = w_meta w \/
            exists q s, ECall f [x; y; z] = ECall "meta_set" [q; s] /\ w' = set_meta q s w) /\
          forall p, page_of (ECall f [x; y; z]) <> Some p -> forall i, w_ram w' p i = w_ram w p i).
        { intros P ->. split; [left; reflexivity|]. intros p N i. rewrite P in N. cbn. unfold store_word.
          rewrite (proj2 (Z.eqb_neq p x)); [reflexivity|auto]. }
        destruct (String.eqb_spec f "pg_set") as [->|]; [apply St; [reflexivity|exact E]|].
        destruct (String.eqb_spec f "pte_set") as [->|]; [apply St; [reflexivity|exact E]|cbn in E; contradiction].
      + destruct (String.eqb_spec f "ctx_start") as [->|]; [|cbn in E; contradiction]. cbn [snd] in E. subst w'.
        match goal with |- context [set_regs ?c ?l ?u] => destruct (set_regs_pages c l u) as [Em Er] end.
        split; [left; exact Em|]. intros p _ i. rewrite Er. reflexivity.
      + destruct (String.eqb_spec f "ctx_switch") as [->|]; [|cbn in E; contradiction].
        cbn [snd] in E. destruct E as (r & Sv & ->).
        match goal with |- context [set_regs ?c ?l ?u] => destruct (set_regs_pages c l u) as [Em Er] end.
        split; [left; rewrite Em; reflexivity|]. intros p N i. rewrite Er. cbn in N |- *. apply (proj2 (proj2 Sv)). left. auto.
  Qed.
End Frame.

Section Kept.
  Variable B : board.
  Hypothesis HB : board_ok B.
  Variable Q : Z -> bool.
  Variable R : Type.
  Variable software : who -> agent R.
  Variable entry : Z -> trap -> prog (option Z).
  Variable boot : Z -> prog (option Z).
  Variable J : Z -> world -> Prop.
  Hypothesis J_seated : forall c w, J c w -> seated c w.
  Notation WP c p w := (wp (kcore_all B c (mem_inv B)) p (fun _ w' => idle B w' /\ J c w') w).
  Hypothesis entry_ok : forall c t w, 0 <= c < 8 -> idle B w -> J c w -> WP c (entry c t) w.
  Hypothesis boot_ok : forall c w, 0 <= c < 8 -> idle B w -> WP c (boot c) w.
  Notation step := (step B Q R software entry boot).
  Notation sgood := (sgood B Q R J).

  (** VM [h] does it itself; or KCore does it for it. *)
  Definition own_doing (h p : Z) (s s' : system R) : Prop :=
    (exists c i a t x, s_cpu R s c = Runs (Vcpu h i) /\ System.access B (s_world R s) h a t x (s_world R s')) \/
    (exists c i x k v, s_cpu R s c = Serving (Ev (ECall "pg_set" [p; i; x]) k) /\ has (Z.of_nat c) (s_world R s) [h] /\
      snd (effect B (Z.of_nat c) (fun _ => True) (ECall "pg_set" [p; i; x]) (s_world R s)) v (s_world R s')).

  Lemma own_ctx_kind c w p : secure B w -> 0 <= c -> own_ctx c w p -> kind (state w p) <> PG_VM.
  Proof.
    intros S Hc. pose proof (s_seats B w S) as Se. intros [[Rc ->]|(h & i & T & O & ->)].
    - destruct (st_host B w Se c Rc) as [_ K]. rewrite K. discriminate.
    - destruct (Z.eq_dec (wrap U32 (w_mem w (obj "vms.is_protected" [h]))) 0) as [Np|Pd].
      + rewrite (st_normal B w Se h i ltac:(lia) (fun X => X Np)). destruct (st_run B w Se h i ltac:(lia)) as (_ & K & _).
        rewrite K. discriminate.
      + destruct (st_ctx B w Se h i ltac:(lia) Pd) as (_ & K & _). rewrite K. discriminate.
  Qed.

  (** KCore writes no private page that anybody reaches, but for its VM. *)
  Lemma policy_private c w e p : secure B w -> 0 <= c < 8 -> policy c w e -> page_of e = Some p -> kind (state w p) = PG_VM ->
    reached w p ->
    exists j x, e = ECall "pg_set" [p; j; x] /\ has c w [handle (state w p)].
  Proof.
    intros S Hc P Pe K Rd. pose proof (s_seats B w S) as Se. pose proof (fun q => own_ctx_kind c w q S (proj1 Hc)) as Oc.
    destruct P; cbn in Pe; try discriminate Pe; injection Pe as ?; subst; try solve [exfalso; eapply Oc; eassumption].
    - exfalso. match goal with T : token w ?h ?i = _ |- _ => destruct (st_run B w Se h i ltac:(lia)) as (_ & X & _) end.
      rewrite K in X. discriminate X.
    - exfalso. match goal with D : discloses _ _ _ _ |- _ => destruct D as [[X|X] _] end; rewrite K in X; discriminate X.
    - exfalso. match goal with T : token w ?h ?i = _ |- _ => destruct (st_run B w Se h i ltac:(lia)) as (_ & X & _) end.
      rewrite K in X. discriminate X.
    - exfalso. destruct (st_host B w Se c Hc) as [_ X]. rewrite K in X. discriminate X.
    - exfalso. pg; lia.
    - eauto.
    - exfalso. match goal with Y : isolated _ _ \/ _ |- _ => destruct Y as [[Y _]|Y]; [exact (Y Rd)|exact (Oc _ Y K)] end.
    - exfalso. pg; lia.
    - exfalso. pg; lia.
  Qed.

  Theorem private_traps s l s' h fn p : sgood s -> step s l s' -> private_page B (s_world R s) h fn p -> reached (s_world R s) p ->
    private_page B (s_world R s') h fn p /\
    (own_doing h p s s' \/ forall i, w_ram (s_world R s') p i = w_ram (s_world R s) p i).
  Proof.
    intros G L (Rp & Kp & Hp & Ap) Rd. pose proof (sgood_secure B Q R J s G) as Se.
    pose proof (sgood_secure B Q R J s' (sgood_step B HB Q R software entry boot J J_seated entry_ok boot_ok s l s' G L)) as Se'.
    assert (Keep : forall w', w_meta w' = w_meta (s_world R s) -> private_page B w' h fn p).
    { intros w' E. unfold private_page, state. rewrite E. auto. }
    assert (Acc : forall c k a t x w', s_cpu R s c = Runs k -> System.access B (s_world R s) (vmid k) a t x w' -> w' = s_world R s' ->
      private_page B (s_world R s') h fn p /\ (own_doing h p s s' \/ forall i, w_ram (s_world R s') p i = w_ram (s_world R s) p i)).
    { intros c k a t x w' Ec Ac Ew. unfold own_doing. rewrite <- Ew in *. clear Ew. pose proof Ac as Ac0. set (w := s_world R s) in *.
      destruct Ac0 as [|gn i y kk q T I| | |]; try (split; [apply Keep; reflexivity|right; reflexivity]).
      split; [apply Keep; reflexivity|]. destruct (Z.eq_dec q p) as [->|D].
      2: { right. intros j. cbn. unfold store_word. destruct (Z.eqb_spec p q); [congruence|reflexivity]. }
      left; left. pose proof (s_tlb B w Se kk (vmid k) gn p T) as A. unfold allowed in A. destruct (Z.eqb_spec (vmid k) 0) as [Z0|N].
      - exfalso. destruct A as [_ [[_ A]|A]]; [pg; lia|exact (bo_dev B HB _ A Rp)].
      - destruct k as [d|g j]; [destruct N; reflexivity|]. cbn [vmid] in *. destruct A as [_ [A|(_ & A & _)]]; [pg; lia|].
        assert (g = h) as -> by congruence. exists c, j, (System.Store gn i y), (Some p), System.Nothing. split; [exact Ec|exact Ac]. }
    assert (Evt : forall c e k v, s_cpu R s c = Serving (Ev e k) -> e <> lock -> e <> unlock ->
      snd (effect B (Z.of_nat c) (fun _ => True) e (s_world R s)) v (s_world R s') ->
      private_page B (s_world R s') h fn p /\ (own_doing h p s s' \/ forall i, w_ram (s_world R s') p i = w_ram (s_world R s) p i)).
    { intros c e k v Ec N1 N2 F. assert (Lc : (c < 8)%nat) by (apply (sg_cpu _ _ _ _ s G); congruence).
      pose proof (code_locking B Q R J s c e k G Ec N1 N2) as Nl. pose proof (code_changes B Q R J s c e k G Ec) as Ch.
      destruct (effect_frame B c e _ v _ F Nl) as [M Rm]. split.
      - destruct M as [M|(q & st & -> & Ew)]; [apply Keep, M|]. rewrite Ew in *. set (w := s_world R s) in *.
        destruct (Z.eq_dec p q) as [<-|D].
        2: { unfold private_page, state. cbn. destruct (Z.eqb_spec p q); [contradiction|auto]. }
        destruct (Ch eq_refl) as (_ & [[O St]|[X _]]); [|destruct X as [X _]; contradiction].
        destruct Rd as (h' & k' & fn' & R'). pose proof (s_tlb B _ Se k' h' fn' p R') as A.
        pose proof (s_tlb B _ Se' k' h' fn' p R') as A'. unfold allowed in A, A'.
        assert (En : state (set_meta p st w) p = wrap U64 st) by (unfold state; cbn; rewrite Z.eqb_refl; reflexivity).
        rewrite En in A'. unfold private_page. rewrite En. destruct (Z.eqb_spec h' 0) as [->|D].
        { destruct A as [_ [[_ A]|A]]; [pg; lia|destruct (bo_dev B HB _ A Rp)]. }
        destruct A as [_ [A|(_ & A2 & A3)]]; [pg; lia|]. destruct A' as [_ [A'|(A4 & A5 & A6)]].
        { destruct (St (or_introl Kp)); pg; lia. }
        repeat split; [exact Rp|exact A4|congruence|congruence].
      - destruct (page_of e) as [q|] eqn:Pe; [|right; apply Rm; discriminate].
        destruct (Z.eq_dec q p) as [->|D]; [|right; apply Rm; congruence]. left; right.
        destruct (policy_private (Z.of_nat c) _ e p Se ltac:(lia) (code_policy B Q R J s c e k p G Ec Pe) Pe Kp Rd) as (j & x & -> & Hh).
        rewrite Hp in Hh. exists c, j, x, k, v. auto. }
    inversion L; subst; cbn [s_world s_cpu] in *; eauto; split; try (apply Keep; reflexivity); right; reflexivity.
  Qed.
End Kept.
