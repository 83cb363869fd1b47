(** * What one of two related systems can do, the other can do as well

    So far as KServ, [Q] or KCore on a CPU that is not dark do it ([turn]).  Of another VM, and of KCore while it serves one,
    this cannot be said: whether it stores to a lent page at all is up to its secrets, and stands in the trace. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Vm_Spec Cpu_Facts Interleave Machine_Proof Alike Traps_System
  Traps_Alike Traps_Public Traps_Good Traps_Related.
From Redoubt.machine Require System.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** A step of a CPU that is not dark, and software finds nothing that a dark time has left. *)
Definition turn (dark : nat -> bool) (stale : loc -> bool) (l : label) : Prop :=
  match l with
  | Accesses _ _ | Traps _ _ | Comes_up _ | Does _ _ _ | Darkens _ | Enters _ => True
  | Locks c _ | Unlocks c _ => dark c = false
  | Leaves c _ => dark c = false /\ forall x, In x (shown_cells c) -> stale x = false
  | Flows _ _ _ _ | Gives _ _ _ | Silent => False
  end.

Section Goes.
  Variable B : board.
  Variable Q : Z -> bool.
  Variable T : loc -> bool.
  Notation secret := (secret B Q).
  Notation alike_but := (alike_but B Q T).

  (** A page gets the words of the other world in [range], and keeps its own elsewhere. *)
  Definition patch (p lo hi : Z) (r mine : Z -> Z -> Z) : Z -> Z -> Z :=
    fun q i => if (q =? p) && (lo <=? i) && (i <? hi) then r q i else mine q i.
  Lemma patch_in p lo hi r m i : lo <= i < hi -> patch p lo hi r m p i = r p i.
  Proof.
    intros I. unfold patch. rewrite Z.eqb_refl, (proj2 (Z.leb_le _ _)), (proj2 (Z.ltb_lt _ _)) by lia. reflexivity.
  Qed.
  Lemma patch_out p lo hi r m q i : q <> p \/ ~ lo <= i < hi -> patch p lo hi r m q i = m q i.
  Proof.
    intros O. unfold patch. destruct (Z.eqb_spec q p); cbn [andb]; [|reflexivity]. destruct (Z.leb_spec lo i); cbn [andb]; [|reflexivity].
    destruct (Z.ltb_spec i hi); [|reflexivity]. lia.
  Qed.
  Lemma patch_words a b p lo hi r : alike_but a b -> ~ secret a p -> (forall i, ~ lo <= i < hi -> r p i = w_ram a p i) ->
    forall wa wb, (forall i, w_ram wa p i = r p i) -> (forall i, w_ram wb p i = patch p lo hi r (w_ram b) p i) -> words wa p = words wb p.
  Proof.
    intros A N E wa wb Ea Eb. unfold words. apply map_ext_in. intros i I. apply in_seq in I. unfold word. rewrite Ea, Eb.
    assert (D : lo <= Z.of_nat i < hi \/ ~ lo <= Z.of_nat i < hi) by lia. destruct D as [D|D].
    - rewrite patch_in by exact D. reflexivity.
    - rewrite patch_out, E by auto. apply (ab_word B Q T a b A); [exact N|lia].
  Qed.
  Theorem event_goes c e a b v a' l : alike_but a b -> ~ locking e -> public B Q T c e a ->
    snd (effect B (Z.of_nat c) (fun _ => True) e a) v a' -> content B Q a a' (open_page e) l ->
    exists v' b', snd (effect B (Z.of_nat c) (fun _ => True) e b) v' b' /\ open_answer B c e v' = open_answer B c e v /\
      content B Q b b' (open_page e) l.
  Proof.
    intros A Nl P E Co.
    assert (Plain : forall (F : Z -> world -> Prop) (O : Z -> Prop), open_page e = None -> (exists v' b', F v' b' /\ O v') ->
      exists v' b', F v' b' /\ O v' /\ content B Q b b' (open_page e) l).
    { intros F O N (v' & b' & H1 & H2). exists v', b'. split; [exact H1|]. split; [exact H2|]. rewrite N in *. inversion Co. constructor. }
    assert (Sec : forall p, secret a p <-> secret b p)
      by (intros p; split; apply secret_same; [|symmetry]; apply (ab_meta B Q T a b A)).
    destruct e as [x|x y|f args].
    - apply Plain; [reflexivity|]. exists (w_mem b x), b. cbn. auto.
    - apply Plain; [reflexivity|]. exists v, (write_cell B x y b). cbn. auto.
    - destruct (cpu_primitive f) eqn:Cp.
      { assert (O : open_page (ECall f args) = None).
        { destruct args as [|? args]; [reflexivity|]. cbn. destruct (String.eqb_spec f "fp_save"); [subst; discriminate Cp|].
          destruct (String.eqb_spec f "ctx_switch"); [subst; discriminate Cp|]. reflexivity. }
        apply Plain; [exact O|]. cbn [open_answer]. rewrite cpu_effect_call in E |- * by exact Cp. rewrite Cp.
        destruct (cpu_effect_does _ _ _ _ _ _ _ E) as (d & D & Ra & _). unfold cpu_effect. rewrite D. cbn [snd].
        destruct (answer d) as [|r ix|] eqn:An; [exists v|eexists|destruct Ra]; eexists; (split; [split; [cbn|];
          reflexivity||exact I|reflexivity]). }
      cbn [effect open_answer] in E |- *. rewrite Cp in E |- *.
      destruct args as [|x [|y [|z [|x4 [|x5 [|]]]]]]; try (cbn in E; contradiction).
      + destruct (String.eqb_spec f "spin_lock") as [->|]; [destruct Nl; exists "spin_lock", x; auto|].
        destruct (String.eqb_spec f "spin_unlock") as [->|]; [destruct Nl; exists "spin_unlock", x; auto|].
        destruct (String.eqb_spec f "fp_save") as [->|Nf].
        { cbn in E. destruct E as (r & Sv & ->). exists v. eexists. split.
          { cbn. exists (patch x 60 128 r (w_ram b)). split; [|reflexivity]. intros p i H. apply patch_out. exact H. }
          split; [reflexivity|]. inversion Co as [|p Sp|p Np]; subst.
          - apply secret_page, Sec, Sp.
          - match goal with |- content _ _ _ ?w' _ _ => rewrite (patch_words a b x 60 128 r A Np) with (wb := w') end;
              [apply open_words; intros X; apply Np, Sec, X| |reflexivity|reflexivity]. intros i H. apply Sv. auto. }
        apply Plain; [cbn; rewrite (proj2 (String.eqb_neq f "fp_save") Nf); destruct (String.eqb_spec f "ctx_switch") as [->|];
          [destruct E|];
          reflexivity|].
        repeat match goal with |- context [String.eqb f ?s] => destruct (String.eqb_spec f s); [subst f|] end; cbn in E |- *;
          try contradiction; try solve [exists v; eexists; split; reflexivity].
        do 2 eexists. split; [split; reflexivity|reflexivity].
      + apply Plain; [destruct (String.eqb_spec f "fp_save") as [->|N1]; [destruct E|];
        destruct (String.eqb_spec f "ctx_switch") as [->|N2];
          [destruct E|]; cbn; rewrite (proj2 (String.eqb_neq _ _) N1), (proj2 (String.eqb_neq _ _) N2); reflexivity|].
        repeat match goal with |- context [String.eqb f ?s] => destruct (String.eqb_spec f s); [subst f|] end; cbn in E |- *;
          try contradiction; try solve [exists v; eexists; split; reflexivity];
        do 2 eexists; (split; [split; reflexivity|reflexivity]).
      + apply Plain; [destruct (String.eqb_spec f "fp_save") as [->|N1]; [destruct E|];
        destruct (String.eqb_spec f "ctx_switch") as [->|N2];
          [destruct E|]; cbn; rewrite (proj2 (String.eqb_neq _ _) N1), (proj2 (String.eqb_neq _ _) N2); reflexivity|].
        repeat match goal with |- context [String.eqb f ?s] => destruct (String.eqb_spec f s); [subst f|] end; cbn in E |- *;
          try contradiction; solve [exists v; eexists; split; reflexivity].
      + destruct (String.eqb_spec f "ctx_start") as [->|]; [|cbn in E; contradiction].
        apply Plain; [reflexivity|]. exists v. eexists. split; reflexivity.
      + destruct (String.eqb_spec f "ctx_switch") as [->|]; [|cbn in E; contradiction].
        cbn in E. destruct E as (r & (Va & Sc & Sv) & ->). cbn [public] in P. destruct (P eq_refl) as (_ & Nv & Ns).
        exists v. eexists. split.
        { cbn. exists (patch x 33 60 r (w_ram b)). split; [|reflexivity]. unfold saves, reg_of in *.
          rewrite !patch_in by lia. rewrite <- !(ab_mem B Q T a b A) by assumption. split; [exact Va|]. split; [exact Sc|].
          intros p i H. apply patch_out. exact H. }
        split; [reflexivity|]. inversion Co as [|p Sp|p Np]; subst.
        * apply secret_page, Sec, Sp.
        * match goal with |- content _ _ _ ?w' _ _ => rewrite (patch_words a b x 33 60 r A Np) with (wb := w') end;
            [apply open_words; intros X; apply Np, Sec, X| | |]; [intros i H; apply Sv; auto|reflexivity..].
  Qed.
End Goes.

Section Turn.
  Variable B : board.
  Variable Q : Z -> bool.
  Variable R : Type.
  Variable software : who -> agent R.
  Variable entry : Z -> trap -> prog (option Z).
  Variable boot : Z -> prog (option Z).
  Variable J : Z -> world -> Prop.
  Notation step := (step B Q R software entry boot).
  Notation sgood := (sgood B Q R J).

  Lemma but_public T a b c e : alike_but B Q T a b -> public B Q T c e a -> public B Q T c e b.
  Proof.
    intros A. assert (S : forall p, ~ secret B Q a p -> ~ secret B Q b p)
      by (intros p N X; apply N, (secret_same B Q b a p); [symmetry; apply (ab_meta B Q T a b A)|exact X]).
    destruct e as [x|x y|f args]; cbn [public]; auto. destruct (cpu_primitive f); [auto|].
    destruct args as [|x [|y [|z [|x4 [|x5 [|]]]]]]; auto.
    - intros [P1 P2]. split; [|auto]. intros X. destruct (P1 X). auto.
    - intros P X. destruct (P X) as (P1 & P2). split; [apply S, P1|exact P2].
  Qed.

  Theorem turn_goes s t l s' : sgood s -> sgood t -> related B Q R s t -> step s l s' -> turn (s_dark R s) (s_stale R s) l ->
    exists t', step t l t'.
  Proof.
    intros Gs Gt A Ss Tn. pose proof (sgood_secure B Q R J _ Gs) as Sec.
    assert (Run : forall c k, s_cpu R s c = Runs k -> friend Q k = true -> s_dark R s c = false).
    { intros c k E F. destruct (sg_runs _ _ _ _ _ Gs c k E) as [X _]. rewrite X, F. reflexivity. }
    destruct A as [W L D0 T0 C P]. destruct t as [wn on Cn Pn Dn Tn'].
    destruct Ss as [w o Cs Ps Ds Ts c k a x y w' E Fr Ea Ac|w o Cs Ps Ds Ts c k a x y w' p i z E Fr Ea Ac Fl
      |w o Cs Ps Ds Ts c k a x y w' E Fr Ea Ac Fl|w o Cs Ps Ds Ts c k tr irq E Fr Tr|w o Cs Ps Ds Ts c k tr irq E Fr Tr
      |w o Cs Ps Ds Ts c k E|w Cs Ps Ds Ts c k x E|w o Cs Ps Ds Ts c k x E
      |w o Cs Ps Ds Ts c e k v w' l0 E N1 N2 Ef Dc Pu Co|w o Cs Ps Ds Ts c e k E Dc Np
      |w o Cs Ps Ds Ts c e k v w' l0 E N1 N2 Ef Dc Gi Co|w o Cs Ps Ds Ts c e k v w' E N1 N2 Ef Dc Gi
      |w o Cs Ps Ds Ts c r k E Ek Fr|w o Cs Ps Ds Ts c r k E Ek Fr Dc|]; cbn [turn] in Tn; try contradiction;
      cbn [s_world s_lock s_cpu s_prog s_dark s_stale] in *; subst on Dn Tn'.
    - specialize (Run c k E Fr). rewrite (P k Fr) in Ea.
      assert (Hk : vmid k = 0 \/ Q (vmid k) = true) by (destruct k; cbn; auto).
      destruct (access_goes B Q Ts w wn _ _ _ _ _ Sec W Hk Ac) as (x' & wn' & An). rewrite C in E by exact Run.
      eexists. eapply step_access; eassumption.
    - specialize (Run c k E Fr). rewrite C in E by exact Run. eexists. eapply step_traps; [exact E|exact Fr|].
      unfold trapping in *. rewrite <- (P k Fr). exact Tr.
    - specialize (Run c (Kserv k) E eq_refl). rewrite C in E by exact Run. eexists. eapply step_up; exact E.
    - rewrite C in E by exact Tn. eexists. eapply step_lock; exact E.
    - rewrite C in E by exact Tn. eexists. eapply step_unlock; exact E.
    - pose proof (code_locking _ _ _ _ _ _ _ _ Gs E N1 N2) as Nlk. rewrite C in E by exact Dc.
      destruct (event_goes B Q Ts c e w wn v w' l0 W Nlk Pu Ef Co) as (v' & b' & F & O & Cb).
      eexists. rewrite <- O.
      refine (step_does B Q R software entry boot wn o Cn Pn Ds Ts c e k v' b' l0 E N1 N2 F Dc _ Cb). exact (but_public _ _ _ _ _ W Pu).
    - rewrite C in E by exact Dc. eexists. eapply step_darkens; [exact E|exact Dc|].
      intros X. apply Np. eapply but_public; [apply but_sym, W|exact X].
    - destruct Tn as [Dc Sh]. rewrite C in E by exact Dc. pose proof (but_on_cpu B Q Ts w wn c W) as Eo. rewrite Eo in Ek.
      assert (Es : stale_values Ts w c = stale_values Ts wn c).
      { apply map_ext_in. intros x I. rewrite (Sh x I). reflexivity. }
      rewrite Es. eexists. exact (step_leaves B Q R software entry boot wn o Cn Pn Ds Ts c r k E Ek Fr).
    - rewrite C in E by exact Dc. pose proof (but_on_cpu B Q Ts w wn c W) as Eo. rewrite Eo in Ek.
      eexists. exact (step_enters B Q R software entry boot wn o Cn Pn Ds Ts c r k E Ek Fr Dc).
  Qed.
End Turn.
